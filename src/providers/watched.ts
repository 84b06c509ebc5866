import type { Outcome, Retry } from '../domain/index.js';
import type { Breaker } from './breaker.js';

/** Asked again so soon where nobody knows how the provider does. */
const unreadableRetryMs = 1_000;

/** Calls, and tells the breaker how it went. */
export function watchedBy(breaker: Breaker, now: () => number = () => performance.now()) {
  return async <Answer extends { kind: string }>(call: () => Promise<Answer>): Promise<Answer> => {
    const begunAt = now();
    let failed = true;
    try {
      const answer = await call();
      failed = isFailure(answer);
      return answer;
    } finally {
      // Not waited for: a slow database must not make an answer of the provider late.
      breaker.report(failed ? 'failure' : 'ok', now() - begunAt);
    }
  };
}

// Refused or declined, it answered: `retry` is a rate limit or no connection, `unknown` anything
// that is no answer.
function isFailure({ kind }: { kind: string }): boolean {
  return (['retry', 'unknown'] satisfies Outcome<unknown>['kind'][] as string[]).includes(kind);
}

/** `breaker-open` when the call may not go out: certainly nothing happened. */
export async function barredBy(breaker: Breaker, key: string): Promise<Retry | undefined> {
  try {
    const admission = await breaker.admit(key);
    return admission.kind === 'open' ? retry('breaker-open', admission.retryAfterMs) : undefined;
  } catch {
    // Here a provider never throws. What came of a call now could not be written: waiting is free.
    return retry('breaker-unreadable', unreadableRetryMs);
  }
}

function retry(reason: string, nextRetryAfterMs: number): Retry {
  return { kind: 'retry', reason, attempt: 1, nextRetryAfterMs };
}
