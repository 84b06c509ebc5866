import { shareOf } from './breaker.js';

const minute = 60_000;

/** How long a step waits for a provider that is not asked, from its first try on. */
export const deferredMsMax = 24 * 60 * minute;

/**
 * When to ask again for a step that waits so long for a provider that is not asked. At least as
 * late as the breaker says. Ever later, as a history has room for some hundred tries, but never
 * more than minutes: the longest wait must not end longest after the provider came back. Not all
 * at once: each operation adds its own part, up to a quarter.
 */
export function askAgainMs(opId: string, waitedMs: number, retryAfterMs: number): number {
  const waitMs = Math.max(retryAfterMs, Math.min(waitedMs / 20, 3 * minute));
  return waitMs * (1 + shareOf(opId) / 4);
}
