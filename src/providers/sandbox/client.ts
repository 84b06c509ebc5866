import {
  defaultLadderMs,
  type Fail,
  ladderRungsMax,
  type Ok,
  type OutsideAnswer,
  type Retry,
  type Unknown,
} from '../../domain/index.js';
import { type Answered, call, type Lost, type NeverSent } from '../call.js';
import type { OutsideRequest, PaymentProvider, ProviderProfile } from '../provider.js';
import { traced } from '../trace-header.js';
import { contradicted, readCode, readPerformed, readStanding } from './answers.js';
import { readPage } from './pages.js';
import { collectionOf, orderOf } from './requests.js';

export interface SandboxProviderOptions {
  /** Where the provider listens, `http://127.0.0.1:4300` say. */
  readonly baseUrl: string;
  /** Bounds one call, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Waits between look-ups in doubt, in milliseconds; seconds to hours by default. */
  readonly ladderMs?: readonly number[];
  /** How far the provider's look-ups may lag, in milliseconds; 0 by default. */
  readonly visibilityDelayMs?: number;
  readonly fetch?: typeof fetch;
}

const dayMs = 24 * 3_600_000;
const retryAfterMsDefault = 1_000;
const pageBytesMax = 1024 * 1024;
/** How far back the last page goes on: what is written at one moment need not show in order. */
const overlapMs = 5_000;

/**
 * The payment provider that speaks the sandbox's protocol over HTTP. Throws RangeError for a base
 * URL that is none and for a ladder of no rungs or more than 20.
 */
export function createSandboxProvider(options: SandboxProviderOptions): PaymentProvider {
  const profile = profileOf(options);
  const base = options.baseUrl.replace(/\/+$/, '');
  const common = { timeoutMs: profile.requestTimeoutMs, fetch: options.fetch ?? fetch };
  // `??` and not `||`: a ladder may begin at once.
  const askAgainAfterMs = profile.ladderMs[0] ?? retryAfterMsDefault;

  return {
    profile,

    async perform(request) {
      const order = orderOf(request);
      if (order === undefined) return refused('request-incomplete', 'the step lacks its target');
      const answer = await call({
        ...common,
        url: new URL(`${base}${order.path}`),
        method: 'POST',
        headers: { 'idempotency-key': request.reference, ...traced(request.trace) },
        body: order.body,
      });
      return performOutcome(answer, request, askAgainAfterMs);
    },

    async find(request) {
      const { reference, step, trace } = request;
      const url = new URL(`${base}/${collectionOf[step]}`);
      url.searchParams.set('reference', reference);
      const answer = await call({ ...common, url, method: 'GET', headers: traced(trace) });
      const found = standingIn(answer, 200, request);
      if (found === null) return { kind: 'ok', value: { kind: 'not-found', reference } };
      return found ? { kind: 'ok', value: found } : unanswered(answer, askAgainAfterMs);
    },

    async fence(request) {
      const { reference, trace } = request;
      const answer = await call({
        ...common,
        url: new URL(`${base}/fences`),
        method: 'POST',
        // A key of its own: under the reference's stands the step that it closes.
        headers: { 'idempotency-key': `fence:${reference}`.slice(0, 255), ...traced(trace) },
        body: { reference },
      });
      const standing = standingIn(answer, 201, request);
      if (standing === null) return { kind: 'ok', value: { kind: 'fenced', reference } };
      return standing ? { kind: 'ok', value: standing } : unanswered(answer, askAgainAfterMs);
    },

    async since(cursor) {
      const url = new URL(`${base}/charges`);
      const from = cursor ?? '0';
      url.searchParams.set('since', from);
      const list = { url, method: 'GET', headers: {}, bodyBytesMax: pageBytesMax } as const;
      const answer = await call({ ...common, ...list });
      const page =
        answer.kind === 'answered' && answer.status === 200
          ? readPage(answer.json, from, profile.visibilityDelayMs + overlapMs)
          : undefined;
      return page ? { kind: 'ok', value: page } : unanswered(answer, askAgainAfterMs);
    },
  };
}

function profileOf(options: SandboxProviderOptions): ProviderProfile {
  const { requestTimeoutMs, ladderMs = defaultLadderMs, visibilityDelayMs = 0 } = options;
  if (!URL.canParse(options.baseUrl)) throw new RangeError('the provider needs a base URL');
  if (ladderMs.length < 1 || ladderMs.length > ladderRungsMax) {
    throw new RangeError(`a ladder has 1 to ${ladderRungsMax} rungs`);
  }
  return {
    name: 'sandbox',
    keyLifetimeMs: dayMs,
    replaysErrors: false,
    finds: true,
    lists: true,
    visibilityDelayMs,
    fences: true,
    captures: ['automatic', 'manual', 'multiple'],
    overCapturePercent: 15,
    holdMs: 7 * dayMs,
    refundWindowMs: 180 * dayMs,
    paysOut: true,
    payoutMs: 0,
    webhooks: 'standard-webhooks',
    requestTimeoutMs,
    ladderMs,
  };
}

type Answer = Answered | NeverSent | Lost;

// Only these say by the protocol that the request was refused; a 404 may come from a proxy.
const refusalStatuses: readonly number[] = [400, 409, 422];

function performOutcome(
  answer: Answer,
  request: OutsideRequest,
  askAgainAfterMs: number,
): Ok<OutsideAnswer> | Retry | Fail | Unknown {
  if (answer.kind === 'answered') {
    const { status, json } = answer;
    const value = status < 300 ? readPerformed(json, request) : undefined;
    if (value !== undefined) return { kind: 'ok', value };
    const code = readCode(json);
    if (refusalStatuses.includes(status) && code !== undefined) {
      return refusal(status, code, request);
    }
  }
  return unanswered(answer, askAgainAfterMs);
}

function refusal(
  status: number,
  code: string,
  { step, reference, chargeId }: OutsideRequest,
): Ok<OutsideAnswer> | Retry | Fail {
  // Something stands under our key that we did not ask for: no proof that nothing was done.
  if (code === 'idempotency-key-reused') {
    return { kind: 'ok', value: contradicted(reference, `another ${step} under our key`) };
  }
  const movesCharge = step === 'capture' || step === 'void' || step === 'refund';
  if (status === 409 && movesCharge && chargeId !== undefined && code !== 'reference-fenced') {
    // It waits for something that time decides; the key is free, so the same step may come again.
    if (code === 'charge-pending') return retry(code, retryAfterMsDefault);
    return { kind: 'ok', value: { kind: 'declined', reference, chargeId, declineCode: code } };
  }
  return refused(code, `the provider refused the request with ${status}`);
}

/** What stands there; null for nothing, undefined for an answer that does not say. */
function standingIn(
  answer: Answer,
  status: number,
  request: OutsideRequest,
): OutsideAnswer | null | undefined {
  if (answer.kind !== 'answered' || answer.status !== status) return undefined;
  return readStanding(answer.json, request, status === 201);
}

function unanswered(answer: Answer, askAgainAfterMs: number): Retry | Unknown {
  if (answer.kind === 'never-sent') return retry(answer.reason, retryAfterMsDefault);
  if (answer.kind === 'lost') return { kind: 'unknown', reason: answer.reason, askAgainAfterMs };
  const { status, retryAfterMs } = answer;
  if (status === 429) return retry('rate-limited', retryAfterMs ?? retryAfterMsDefault);
  const reason = status < 300 ? 'unreadable-answer' : `status-${status}`;
  return { kind: 'unknown', reason, askAgainAfterMs: retryAfterMs ?? askAgainAfterMs };
}

function retry(reason: string, nextRetryAfterMs: number): Retry {
  return { kind: 'retry', reason, attempt: 1, nextRetryAfterMs };
}

function refused(cause: string, message: string): Fail {
  return { kind: 'fail', code: 'provider-refused', message, cause };
}
