import { trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino } from 'pino';
import { maskLine } from './masking.js';

/** Writes lines of JSON; `child` adds fields to each: module, requestId, opId, tenant, userId. */
export type Log = Logger;

export interface LogOptions {
  /** Which process this is, such as `holdfast-worker`. */
  readonly service: string;
  readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
  /** Where lines go; stdout when not given. */
  readonly destination?: DestinationStream;
  /** Called for each line that was given up because whoever reads stdout stopped reading. */
  readonly onDropped?: () => void;
}

const waitingCharactersMax = 1_048_576;
const causesMax = 5;

/**
 * The log of a process: one line of JSON per event, with time (ISO), level, service, message, the
 * trace id of the work going on, and errors (as `err` or `error`) with their stack and causes.
 * Secrets are masked. A reader that stops reading never stops us; the last lines are written when
 * the process exits, also by `process.exit`.
 */
export function createLog({ service, level, destination, onDropped }: LogOptions): Log {
  return pino(
    {
      level,
      base: { service, pid: process.pid },
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (word) => ({ level: word }) },
      mixin: () => traceOfNow(),
      serializers: { err: oneError, error: oneError },
      hooks: { streamWrite: maskLine },
    },
    destination ?? stdout(onDropped),
  );
}

function stdout(onDropped: LogOptions['onDropped']): DestinationStream {
  // Not in sync: a write to a full pipe would hold up the whole process. Pino flushes at exit; with
  // a least length it knows of a write under way, which would else land after the last line.
  const stream = pino.destination({
    ...{ fd: 1, sync: false, minLength: 1, maxLength: waitingCharactersMax },
  });
  if (onDropped) stream.on('drop', onDropped);
  return stream;
}

function traceOfNow(): { traceId?: string } {
  const traceId = trace.getActiveSpan()?.spanContext().traceId;
  return traceId === undefined ? {} : { traceId };
}

// Named fields only: drivers hang queries and their parameters on their errors.
function oneError(thrown: unknown): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const code = 'code' in thrown ? thrown.code : undefined;
  return {
    type: thrown.name,
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    message: thrown.message,
    stack: stackOf(thrown, causesMax),
  };
}

function stackOf(error: Error, causes: number): string {
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  if (!(error.cause instanceof Error) || causes === 0) return stack;
  return `${stack}\ncaused by: ${stackOf(error.cause, causes - 1)}`;
}
