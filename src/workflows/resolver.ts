import { condition } from '@temporalio/workflow';
import type {
  FenceAnswer,
  LookUpAnswer,
  PerformAnswer,
  ProviderProfile,
} from '../activities/outside.js';
import { nextKey, nextRungMs, type OutsideAnswer, type ReleaseBecause } from '../domain/index.js';
import { now } from './clock.js';
import type { Course, Doubt, Stuck } from './course.js';
import {
  attemptOf,
  type Certain,
  fence,
  find,
  isCertain,
  isOfService,
  perform,
  type Request,
} from './provider-step.js';
import { evidenceWakes, looksAfterRepeat } from './versions.js';

/** How far a step may go. */
export interface Terms {
  /** Until when it may begin, epoch milliseconds; undefined for a step that must be done. */
  readonly endsAt?: number;
  /** When the money it is for is held no longer, epoch milliseconds: then it is not begun. */
  readonly lapsesAt?: number;
  /** No call of this step is older, epoch milliseconds. */
  readonly heldAt: number;
  /** False for a step that a breaker's rest does not give more time. */
  readonly defers?: false;
  /** Set when an earlier run may have sent it. */
  readonly replayed?: boolean;
}

/** What a doubt must know of whoever is asked. */
type DoubtProfile = Pick<
  ProviderProfile,
  'keyLifetimeMs' | 'visibilityDelayMs' | 'fences' | 'ladderMs'
>;

type Look = LookUpAnswer | PerformAnswer | FenceAnswer;

/**
 * Ends a doubt: asks the provider by key, rung after rung, takes what it tells by itself, and sends
 * again under the same key where the first call would certainly show by now. What may be given up
 * is fenced first, so that nothing can come of it later. Only proof ends a doubt; after the last
 * rung a person decides.
 */
export async function resolved(
  course: Course,
  doubt: Doubt,
  terms: Terms,
  profile: DoubtProfile,
): Promise<Certain | ReleaseBecause | Stuck> {
  const { wishes } = course;
  const { request } = doubt;
  // What a service gives back must be done, and nobody does it by hand: asked again, it is sent.
  const givesBack = isOfService(request) && terms.endsAt === undefined;
  // Once a person was asked, a look is a look: nothing else is sent again behind their back.
  const looksOnly = course.parked > doubt.parkedBefore && !givesBack;
  const ladderMs = looksOnly ? [0] : profile.ladderMs;
  let lastSentAt = now();
  let askedMs = doubt.because.askAgainAfterMs;
  for (let rung = 0; ; rung += 1) {
    const waitMs = nextRungMs(ladderMs, rung, askedMs);
    if (waitMs === undefined && !(isTold(course, request) && evidenceWakes())) {
      return { kind: 'stuck', reason: 'the provider gave no answer' };
    }
    await condition(() => wishes.verify || isTold(course, request), waitMs ?? 1);
    wishes.verify = false;
    const lookedAt = now();
    let answer: Look = await find(request);
    const told = toldOf(course, request);
    if (told !== undefined && !isCertain(answer)) answer = checked(told, request);
    if (answer.kind === 'not-found' && lookedAt - lastSentAt >= profile.visibilityDelayMs) {
      // A step that must be done is not given up: a void comes of the withdrawal itself.
      const { endsAt } = terms;
      const withdrawn = wishes.withdrawn && endsAt !== undefined;
      // Under a key that was forgotten it could be done twice: only the next one may do it.
      const lapsed = givesBack && !maySend(doubt, profile);
      const gaveUp = withdrawn || lapsed || (endsAt ?? Infinity) <= now();
      if (gaveUp && profile.fences) {
        answer = await fence(request);
      } else if (!withdrawn && !looksOnly && maySend(doubt, profile)) {
        answer = await repeated(request);
        lastSentAt = now();
      }
    }
    if (isCertain(answer)) return answer;
    if (answer.kind === 'fenced') {
      const code = wishes.withdrawn ? 'withdrawn' : 'time-budget-exceeded';
      return { kind: 'fenced', reference: answer.reference, code };
    }
    if (answer.kind === 'contradicted') return { kind: 'stuck', reason: answer.detail };
    // A refusal or a rate limit now says nothing of the call before: the doubt stays.
    askedMs = 'askAgainAfterMs' in answer ? answer.askAgainAfterMs : 0;
    if (answer.kind === 'retry') askedMs = answer.nextRetryAfterMs;
  }
}

/**
 * The same call again. A provider that did not know our key any more has then done it twice: its
 * answer tells of the second, while a look shows both, or the first that is already done.
 */
async function repeated(request: Request): Promise<Look> {
  const answer = await perform(request);
  if (!isCertain(answer) || !looksAfterRepeat()) return answer;
  const seen = await find(request);
  // A look without an answer shows neither one nor two: the doubt stays, and the next rung looks.
  if (seen.kind === 'contradicted' || seen.kind === 'unknown' || seen.kind === 'retry') return seen;
  if (!isCertain(seen)) return answer;
  if (answer.kind === 'declined' || nameOf(answer) === nameOf(seen)) return seen;
  const detail = `the provider answered ${nameOf(answer)}, and shows ${nameOf(seen)}`;
  return { kind: 'contradicted', reference: request.reference, detail };
}

/** What was done to which: two of one name are the same. */
function nameOf(done: Certain): string {
  if (done.kind === 'confirmed') return `${done.kind} ${done.serviceId}`;
  const id = 'payoutId' in done ? done.payoutId : done.chargeId;
  return `${done.kind} ${id}`;
}

function maySend({ request, sentAt }: Doubt, { keyLifetimeMs }: DoubtProfile): boolean {
  const last = { n: attemptOf(request), sentAt, outcome: 'unknown' } as const;
  return nextKey(last, keyLifetimeMs, now()).kind === 'send';
}

function toldOf({ wishes }: Course, { reference }: Request): OutsideAnswer | undefined {
  const told = wishes.told.get(reference);
  return told?.kind === 'pending' ? undefined : told;
}

function isTold(course: Course, request: Request): boolean {
  return toldOf(course, request) !== undefined;
}

/** What the provider told by itself, if it fits what we asked. */
function checked(told: OutsideAnswer, request: Request): OutsideAnswer {
  // A service tells nothing by itself.
  if (isOfService(request)) return told;
  const { amount, chargeId } = request;
  const { reference } = told;
  const wrong = (what: string): OutsideAnswer => ({
    ...{ kind: 'contradicted', reference },
    detail: `the provider told us of another ${what}`,
  });
  if ('minor' in told && told.minor !== amount.minor) return wrong('amount');
  if ('currency' in told && told.currency !== amount.currency) return wrong('currency');
  if (chargeId !== undefined && 'chargeId' in told && told.chargeId !== chargeId) {
    return wrong('charge');
  }
  return told;
}
