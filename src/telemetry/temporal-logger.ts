import type { Logger, LogLevel, LogMetadata } from '@temporalio/common';
import type { Log } from './log.js';

const levels = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const satisfies Record<LogLevel, string>;

// What the SDK says, and says nowhere else, of the first of its tries at a task.
const taskFailed = 'Failing workflow task';

/** Our log as `Runtime.install({ logger })` takes it: lines of the SDK, workflows, activities. */
export function temporalLogger(log: Log, onTaskFailed?: (runId: string) => void): Logger {
  const write = (level: LogLevel, message: string, about?: LogMetadata) => {
    log[levels[level]](about === undefined ? {} : inOurWords(about), message);
    const runId: unknown = about?.runId;
    if (message === taskFailed && typeof runId === 'string') onTaskFailed?.(runId);
  };
  return {
    log: write,
    trace: (message, about) => write('TRACE', message, about),
    debug: (message, about) => write('DEBUG', message, about),
    info: (message, about) => write('INFO', message, about),
    warn: (message, about) => write('WARN', message, about),
    error: (message, about) => write('ERROR', message, about),
  };
}

function inOurWords(about: Record<string, unknown>): object {
  const {
    sdkComponent,
    workflowId,
    trace_id: traceId,
    span_id: _,
    trace_flags: __,
    ...rest
  } = about;
  return {
    ...rest,
    ...(typeof sdkComponent === 'string' && { module: `temporal/${sdkComponent}` }),
    // A workflow's id is the operation's.
    ...(workflowId !== undefined && { opId: workflowId }),
    ...(traceId !== undefined && { traceId }),
  };
}
