import { setTimeout as pause } from 'node:timers/promises';

/** The answer of `check` as soon as it no longer throws; after the time-out, its last error. */
export async function eventually<T>(
  check: () => T | PromiseLike<T>,
  { timeoutMs = 15_000, everyMs = 20 } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pause(everyMs);
    }
  }
}
