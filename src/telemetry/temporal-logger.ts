import type { Logger, LogLevel, LogMetadata } from '@temporalio/common';
import type { Log } from './log.js';

const levels = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const satisfies Record<LogLevel, string>;

/** Our log as `Runtime.install({ logger })` takes it: lines of the SDK, workflows, activities. */
export function temporalLogger(log: Log): Logger {
  const write = (level: LogLevel, message: string, about?: LogMetadata) =>
    log[levels[level]](about === undefined ? {} : inOurWords(about), message);
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
