import { ActivityFailure, condition, proxyActivities, TimeoutFailure } from '@temporalio/workflow';
import type {
  ChargeAnswer,
  ChargeRequest,
  DoubtProfile,
  LookUpAnswer,
  PaymentProviderSteps,
} from '../activities/payment.js';
import {
  type Captured,
  type Declined,
  nextRungMs,
  type ReleaseBecause,
  type Retry,
  type Unknown,
  unreachable,
} from '../domain/index.js';
import { now } from './clock.js';
import { isStepFailure } from './ledger-step.js';
import type { Wishes } from './wishes.js';

// Never repeated by Temporal: after one attempt only the workflow knows what may have happened.
// The HTTP client gives up 2 s before startToCloseTimeout does.
// Nor is one begun late: a call that no worker took in time never went out.
const providerWithin = (scheduleToStartTimeout: number) =>
  proxyActivities<PaymentProviderSteps>({
    scheduleToStartTimeout,
    startToCloseTimeout: '12s',
    heartbeatTimeout: '3s',
    retry: { maximumAttempts: 1 },
  });
const takenWithinMs = 30_000;
const provider = providerWithin(takenWithinMs);

/** Nobody but a person can go on. */
export interface Stuck {
  readonly kind: 'stuck';
  readonly reason: string;
}

/**
 * Charges until the provider's answer is certain, while the charge may still be given up; the
 * first answer that is not certain ends the loop: from then on it is a doubt.
 */
export async function chargeOnce(
  request: ChargeRequest,
  endsAt: number,
  wishes: Wishes,
): Promise<Captured | ReleaseBecause | Stuck | Unknown> {
  const begunAt = now();
  for (;;) {
    if (wishes.withdrawn) return { kind: 'withdrawn' };
    if (now() >= endsAt) return { kind: 'never-charged', code: 'time-budget-exceeded' };
    wishes.open = false;
    const leftMs = Math.min(takenWithinMs, endsAt - now());
    const answer = await settledAnswer(providerWithin(leftMs).chargePayment(request));
    switch (answer.kind) {
      case 'captured':
      case 'declined':
      case 'unknown':
        return answer;
      case 'fail':
        return { kind: 'never-charged', code: 'provider-refused' };
      case 'pending':
        return { kind: 'unknown', reason: 'pending', askAgainAfterMs: 0 };
      case 'contradicted':
        return { kind: 'stuck', reason: answer.detail };
      case 'retry':
        // Certainly nothing happened, so withdrawing is possible again while we wait.
        wishes.open = true;
        wishes.withdrawn ||= wishes.cancelled;
        // Ever longer: a history has room for some thousand calls, a budget may be a month.
        await condition(
          () => wishes.withdrawn,
          Math.max(
            1,
            Math.min(Math.max(answer.nextRetryAfterMs, (now() - begunAt) / 10), endsAt - now()),
          ),
        );
        break;
      default:
        return unreachable(answer);
    }
  }
}

/**
 * Ends a doubt: asks the provider by key, rung after rung, and charges again under the same key
 * where the provider certainly would show the first charge by now. Only proof ends it; after the
 * last rung a person decides.
 */
export async function resolveCharge(
  request: ChargeRequest,
  doubt: { readonly sentAt: number; readonly because: Unknown },
  profile: DoubtProfile,
  wishes: Wishes,
): Promise<Captured | Declined | Stuck> {
  let lastSentAt = now();
  let askedMs = doubt.because.askAgainAfterMs;
  for (let rung = 0; ; rung += 1) {
    const waitMs = nextRungMs(profile.ladderMs, rung, askedMs);
    if (waitMs === undefined) return { kind: 'stuck', reason: 'the provider gave no answer' };
    await condition(() => wishes.verify, waitMs);
    wishes.verify = false;
    const lookedAt = now();
    let answer: ChargeAnswer | LookUpAnswer = await settledAnswer(provider.findCharge(request));
    // Somebody withdrew in time, before this run knew of a charge: it is looked for, not made.
    const mayChargeAgain =
      !wishes.withdrawn &&
      lookedAt - lastSentAt >= profile.visibilityDelayMs &&
      now() - doubt.sentAt < profile.keyLifetimeMs;
    if (answer.kind === 'not-found' && mayChargeAgain) {
      answer = await settledAnswer(provider.chargePayment(request));
      lastSentAt = now();
    }
    if (answer.kind === 'captured' || answer.kind === 'declined') return answer;
    if (answer.kind === 'contradicted') return { kind: 'stuck', reason: answer.detail };
    // A refusal or a rate limit now says nothing of the call before: the doubt stays.
    askedMs = 'askAgainAfterMs' in answer ? answer.askAgainAfterMs : 0;
    if (answer.kind === 'retry') askedMs = answer.nextRetryAfterMs;
  }
}

/** A worker that died in the call, or a time-out: it may have happened. */
async function settledAnswer<Answer>(call: Promise<Answer>): Promise<Answer | Retry | Unknown> {
  try {
    return await call;
  } catch (error) {
    if (!isStepFailure(error)) throw error;
    const cause = error instanceof ActivityFailure ? error.cause : undefined;
    if (cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START') {
      return { kind: 'retry', reason: 'no worker', attempt: 1, nextRetryAfterMs: 0 };
    }
    return { kind: 'unknown', reason: 'no-answer', askAgainAfterMs: 0 };
  }
}
