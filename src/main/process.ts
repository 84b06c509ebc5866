import type { Log } from '../telemetry/index.js';

/** A process at work, until a signal or its own end. */
export interface Running {
  /** Settles only when the work ends by itself, which is a failure. */
  readonly ended?: Promise<unknown>;
  /** Takes nothing new, finishes what it has, closes; what it gives is said in the last line. */
  stop(): Promise<Stopped>;
}

/** Of what was under way when the signal came. */
export interface Stopped {
  readonly drained: number;
  /** What was not done in time; who asked for it is not told, and asks again. */
  readonly interrupted: number;
}

const stopTimeoutMs = 30_000;
const flushTimeoutMs = 1_000;

/**
 * Runs one process: SIGTERM and SIGINT drain it to exit code 0, with a last line that says how
 * much that was and how long it took. It exits with 1, the reason logged, when it cannot start,
 * when its work ends by itself, when it has not stopped 30 s after the signal, or on an error that
 * nobody handled.
 */
export async function runProcess(log: Log, start: () => Promise<Running>): Promise<never> {
  const failed = unhandledError();
  const signal = stopSignal();
  try {
    const late = signal.then(stopTimeout);
    const running = await Promise.race([start(), failed, late]);
    const ended = running.ended?.then(() => {
      throw new Error('the work ended by itself');
    });
    const name = await Promise.race([signal, failed, ...(ended === undefined ? [] : [ended])]);
    log.info({ signal: name }, 'stopping');
    const startedAt = performance.now();
    const done = await Promise.race([running.stop(), failed, late]);
    const drainMs = Math.round(performance.now() - startedAt);
    return await exitAfter(log, 0, () => log.info({ signal: name, ...done, drainMs }, 'stopped'));
  } catch (error) {
    const message = error instanceof Error ? error.message : 'failed';
    return exitAfter(log, 1, () => log.fatal({ err: error }, message));
  }
}

// What was written before must be out first: at exit lines are written past a write under way.
async function exitAfter(log: Log, code: number, lastLine: () => void): Promise<never> {
  await flushed(log);
  lastLine();
  await flushed(log);
  return process.exit(code);
}

/** Resolves when all lines are out, or after a second: nobody may be reading them. */
function flushed(log: Log): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, flushTimeoutMs);
    log.flush(() => resolve());
  });
}

/** Resolves with the first signal that asks us to stop; later ones change nothing. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
  });
}

function unhandledError(): Promise<never> {
  const { promise, reject } = withReject();
  process.on('uncaughtException', reject);
  process.on('unhandledRejection', reject);
  return promise;
}

function withReject(): { promise: Promise<never>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<never>((_, refuse) => {
    reject = refuse;
  });
  // It is raced at every wait; between two of them it must not count as unhandled itself.
  promise.catch(() => undefined);
  return { promise, reject };
}

async function stopTimeout(): Promise<never> {
  const { promise, reject } = withReject();
  setTimeout(() => reject(new Error('did not stop in time')), stopTimeoutMs).unref();
  return promise;
}
