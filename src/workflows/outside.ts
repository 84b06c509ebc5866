import { condition, workflowInfo } from '@temporalio/workflow';
import type { PerformAnswer } from '../activities/outside.js';
import type { ServiceProfiles } from '../activities/services.js';
import {
  askAgainMs,
  deferredMsMax,
  nextKey,
  type ReleaseBecause,
  type Retry,
  type Unknown,
} from '../domain/index.js';
import { now } from './clock.js';
import { count } from './counters.js';
import { type Course, type Doubt, ledger, note, type Stuck } from './course.js';
import {
  attemptOf,
  type Certain,
  isCertain,
  isOfService,
  perform,
  type Request,
  stepOf,
  takenWithinMs,
} from './provider-step.js';
import { resolved, type Terms } from './resolver.js';
import { ledgerSteps } from './ledger-step.js';
import { lapsesWhileWaiting } from './versions.js';

const services = ledgerSteps<ServiceProfiles>();

/**
 * Does one outside step until its outcome is certain. With `endsAt` it may be given up while
 * nothing can have happened: the answer is then why. The first answer that is not certain makes a
 * doubt, which the resolver ends; when even that cannot, a person must.
 */
export async function certainOf(
  course: Course,
  request: Request,
  terms: Terms,
): Promise<Certain | ReleaseBecause | Stuck> {
  const step = stepOf(request);
  const known = course.certain.get(step);
  if (known !== undefined) return known;

  const answer = await undoubted(course, request, terms);
  if (!isCertain(answer)) return answer;
  const told = course.wishes.told.get(answer.reference);
  if (told !== undefined && told.kind !== 'pending' && told.kind !== answer.kind) {
    return { kind: 'stuck', reason: `the provider says ${answer.kind}, and told us ${told.kind}` };
  }
  course.certain.set(step, answer);
  return answer;
}

async function undoubted(
  course: Course,
  request: Request,
  terms: Terms,
): Promise<Certain | ReleaseBecause | Stuck> {
  const { envelope, wishes, doubts } = course;
  const step = stepOf(request);
  const open = { request, parkedBefore: course.parked };
  if (terms.replayed && !doubts.has(step)) {
    doubts.set(step, { ...open, sentAt: terms.heldAt, because: metAgain });
  }
  if (doubts.has(step)) wishes.open = false;
  if (!doubts.has(step)) {
    const sentAt = now();
    const { answer, last } = await asked(course, request, terms);
    const cut = isOurs(answer) && wasReset();
    if (answer.kind !== 'unknown' && !cut) return answer;
    const because = answer.kind === 'unknown' ? answer : metAgain;
    doubts.set(step, { ...open, request: last, sentAt: cut ? terms.heldAt : sentAt, because });
  }
  const doubt = doubts.get(step) as Doubt;
  if (course.parked === doubt.parkedBefore) {
    count('holdfast_doubts_opened', envelope);
    await note(course, 'in-doubt', doubt.because.reason);
  }
  const profile = isOfService(request)
    ? await services.serviceProfile(request.step)
    : await ledger.doubtProfile();
  const found = await resolved(course, doubt, terms, profile);
  if (found.kind !== 'stuck') count('holdfast_doubts_resolved', envelope, { outcome: found.kind });
  return found;
}

/** A run that was reset may have acted in the part that was cut off. */
export function wasReset(): boolean {
  const { runId, firstExecutionRunId } = workflowInfo();
  return runId !== firstExecutionRunId;
}

// The run that held it may have asked, and is not there to be asked.
const metAgain: Unknown = { kind: 'unknown', reason: 'asked before', askAgainAfterMs: 0 };

/** Judged here, and not by the provider, who would say it again. */
export function isOurs(answer: { readonly kind: string }): boolean {
  return answer.kind === 'withdrawn' || answer.kind === 'never-charged';
}

type First = Certain | ReleaseBecause | Stuck | Unknown;

/** Asks until the answer is certain, or leaves it open whether something happened. */
async function asked(
  course: Course,
  request: Request,
  terms: Terms,
): Promise<{ readonly answer: First; readonly last: Request }> {
  const { wishes } = course;
  const begunAt = now();
  let last = request;
  const { lapsesAt = Infinity } = terms;
  const lastAt = begunAt + deferredMsMax;
  let { endsAt = Infinity } = terms;
  const givesUp = terms.endsAt !== undefined;
  for (;;) {
    // Another method was chosen: the customer took this step back.
    const isTakenBack = wishes.withdrawn || course.chosen !== undefined;
    if (givesUp && isTakenBack) return { answer: { kind: 'withdrawn' }, last };
    if (now() >= lapsesAt && lapsesWhileWaiting()) return { answer: given('hold-expired'), last };
    if (now() >= endsAt) return { answer: given('time-budget-exceeded'), last };
    wishes.open = course.choosable = false;
    const leftMs = Math.max(1, Math.min(takenWithinMs, endsAt - now(), lapsesAt - now()));
    const answer = firstOf(await perform(last, leftMs), givesUp);
    if (answer.kind !== 'retry') return { answer, last };
    if (answer.stored) {
      const next = await nextAttempt(course, last);
      if ('kind' in next) return { answer: next, last };
      last = next;
    } else {
      const from = now();
      const defers = answer.reason === breakerOpen && terms.defers !== false;
      const until = Math.min(defers ? lastAt : endsAt, lapsesAt);
      if (defers) await deferred(course, until);
      await untilRetry(course, answer, { begunAt, until, givesUp, defers });
      // The budget is for a provider that can be asked: while it cannot, the payment waits.
      const rested = defers ? now() - from : 0;
      endsAt = Math.min(endsAt + rested, lastAt);
    }
  }
}

/** What a breaker answers in the provider's place, without a call. */
const breakerOpen = 'breaker-open';

/** Paid later: the money stays held, and the customer may still withdraw. */
async function deferred(course: Course, until: number): Promise<void> {
  if (course.deferred) return;
  course.deferred = true;
  await note(course, 'deferred', 'the provider is not asked for the moment', undefined, until);
}

/** The answer as what it means for a step that was never in doubt before. */
function firstOf(answer: PerformAnswer, givesUp: boolean): First | Retry {
  if (answer.kind === 'pending') {
    return { kind: 'unknown', reason: 'pending', askAgainAfterMs: 0 };
  }
  if (answer.kind === 'contradicted') return { kind: 'stuck', reason: answer.detail };
  if (answer.kind !== 'fail') return answer;
  if (givesUp) return given('provider-refused');
  return { kind: 'stuck', reason: `${answer.message} (${answer.cause ?? answer.code})` };
}

type GivenUp = 'time-budget-exceeded' | 'hold-expired' | 'provider-refused';

function given(code: GivenUp): ReleaseBecause {
  return { kind: 'never-charged', code };
}

/** Certainly nothing happened, so withdrawing is possible again while we wait. */
async function untilRetry(
  course: Course,
  { nextRetryAfterMs }: Retry,
  how: { begunAt: number; until: number; givesUp: boolean; defers: boolean },
): Promise<void> {
  const { begunAt, until, givesUp, defers } = how;
  const { wishes, envelope } = course;
  wishes.open = givesUp;
  course.choosable = givesUp && course.deferred && !wasReset();
  wishes.withdrawn ||= givesUp && wishes.cancelled;
  // Ever longer: a history has room for some thousand calls, a budget may be a month.
  const waitedMs = now() - begunAt;
  const waitMs = defers
    ? askAgainMs(envelope.opId, waitedMs, nextRetryAfterMs)
    : Math.max(nextRetryAfterMs, waitedMs / 10);
  const leftMs = Math.max(1, Math.min(waitMs, until - now()));
  await condition(() => (givesUp && wishes.withdrawn) || wishes.verify, leftMs);
  wishes.verify = false;
}

/** The same step under its next key, for a refusal that the provider keeps under the last one. */
async function nextAttempt(course: Course, request: Request): Promise<Request | Stuck> {
  const n = attemptOf(request);
  const next = nextKey({ n, sentAt: now(), outcome: 'rejected' }, Infinity, now());
  if (next.kind !== 'send') return { kind: 'stuck', reason: `refused ${n} times` };
  const { opId } = course.envelope;
  const minor = isOfService(request) ? null : request.amount.minor;
  const written = await ledger.writeAttempt(opId, stepOf(request), next.n, minor);
  if (written.kind === 'conflict') return { kind: 'stuck', reason: written.reason };
  return { ...request, reference: written.reference };
}
