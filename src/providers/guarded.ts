import type { Outcome, Retry } from '../domain/index.js';
import type { Breaker } from './breaker.js';
import type { PaymentProvider } from './provider.js';

/** Asked again so soon where nobody knows how the provider does. */
const unreadableRetryMs = 1_000;

/**
 * A provider behind its breaker. While that is open, `perform` makes no call and answers `retry`
 * with `breaker-open`: certainly nothing happened. Questions and fences always go out, since they
 * end doubts and come one per rung of a ladder; how they went is told all the same.
 */
export function guarded(
  provider: PaymentProvider,
  breaker: Breaker,
  now: () => number = () => performance.now(),
): PaymentProvider {
  async function watched<Answer extends { kind: string }>(
    call: () => Promise<Answer>,
  ): Promise<Answer> {
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
  }

  return {
    profile: provider.profile,
    async perform(request) {
      const barred = await barredBy(breaker, request.reference);
      return barred ?? watched(() => provider.perform(request));
    },
    find: (request) => watched(() => provider.find(request)),
    // One without fences answers by itself, which says nothing of the provider.
    fence: (request) =>
      provider.profile.fences ? watched(() => provider.fence(request)) : provider.fence(request),
    // Not watched: a long list that is slow says nothing of how payments do.
    since: (cursor) => provider.since(cursor),
  };
}

// Refused or declined, it answered: `retry` is a rate limit or no connection, `unknown` anything
// that is no answer.
function isFailure({ kind }: { kind: string }): boolean {
  return (['retry', 'unknown'] satisfies Outcome<unknown>['kind'][] as string[]).includes(kind);
}

async function barredBy(breaker: Breaker, reference: string): Promise<Retry | undefined> {
  try {
    const admission = await breaker.admit(reference);
    return admission.kind === 'open' ? retry('breaker-open', admission.retryAfterMs) : undefined;
  } catch {
    // Here a provider never throws. A charge now could not be settled, so waiting costs nothing.
    return retry('breaker-unreadable', unreadableRetryMs);
  }
}

function retry(reason: string, nextRetryAfterMs: number): Retry {
  return { kind: 'retry', reason, attempt: 1, nextRetryAfterMs };
}
