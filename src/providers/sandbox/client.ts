import { randomBytes } from 'node:crypto';
import {
  type Contradicted,
  defaultLadderMs,
  type Fail,
  ladderRungsMax,
  type Money,
  type NotFound,
  type Ok,
  type OutsideAnswer,
  type Retry,
  type Unknown,
} from '../../domain/index.js';
import { type Answered, call, type Lost, type NeverSent } from '../call.js';
import type { OutsideRequest, PaymentProvider } from '../provider.js';

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

const keyLifetimeMs = 24 * 3_600_000;
const retryAfterMsDefault = 1_000;

/**
 * The payment provider that speaks the sandbox's protocol over HTTP. Throws RangeError for a base
 * URL that is none and for a ladder of no rungs or more than 20.
 */
export function createSandboxProvider(options: SandboxProviderOptions): PaymentProvider {
  const { requestTimeoutMs, ladderMs = defaultLadderMs, visibilityDelayMs = 0 } = options;
  if (!URL.canParse(options.baseUrl)) throw new RangeError('the provider needs a base URL');
  if (ladderMs.length < 1 || ladderMs.length > ladderRungsMax) {
    throw new RangeError(`a ladder has 1 to ${ladderRungsMax} rungs`);
  }
  const charges = new URL(`${options.baseUrl.replace(/\/+$/, '')}/charges`);
  const common = { timeoutMs: requestTimeoutMs, fetch: options.fetch ?? fetch };
  // `??` and not `||`: a ladder may begin at once.
  const askAgainAfterMs = ladderMs[0] ?? retryAfterMsDefault;

  return {
    profile: {
      name: 'sandbox',
      keyLifetimeMs,
      replaysErrors: false,
      finds: true,
      visibilityDelayMs,
      fences: false,
      captures: ['automatic'],
      overCapturePercent: 0,
      holdMs: 0,
      refundWindowMs: 0,
      paysOut: false,
      webhooks: null,
      requestTimeoutMs,
      ladderMs,
    },

    async perform({ reference, amount, metadata, trace }) {
      const answer = await call({
        ...common,
        url: charges,
        method: 'POST',
        headers: { 'idempotency-key': reference, ...traced(trace) },
        body: {
          reference,
          amount: amount.minor,
          currency: amount.currency,
          capture: true,
          ...(metadata !== undefined && { metadata }),
        },
      });
      return chargeOutcome(answer, { reference, amount }, askAgainAfterMs);
    },

    async find({ reference, amount, trace }) {
      const url = new URL(charges);
      url.searchParams.set('reference', reference);
      const answer = await call({ ...common, url, method: 'GET', headers: traced(trace) });
      return findOutcome(answer, { reference, amount }, askAgainAfterMs);
    },

    fence: () => Promise.resolve({ kind: 'unknown', reason: 'no-fences', askAgainAfterMs }),
  };
}

type Answer = Answered | NeverSent | Lost;
type Asked = Pick<OutsideRequest, 'reference' | 'amount'>;

// Only these say by the protocol that the request was refused; a 404 may come from a proxy.
const refusalStatuses: readonly number[] = [400, 409, 422];

function chargeOutcome(
  answer: Answer,
  asked: Asked,
  askAgainAfterMs: number,
): Ok<OutsideAnswer> | Retry | Fail | Unknown {
  if (answer.kind === 'answered') {
    const value = answer.status < 300 ? readCharge(answer.json, asked) : undefined;
    if (value !== undefined) return { kind: 'ok', value };
    const code = field(answer.json, 'code');
    if (refusalStatuses.includes(answer.status) && typeof code === 'string') {
      // Something stands under our key that we did not ask for: no proof that nothing was charged.
      if (code === 'idempotency-key-reused') {
        return { kind: 'ok', value: contradicted(asked, 'another charge under our key') };
      }
      const message = `the provider refused the request with ${answer.status}`;
      return { kind: 'fail', code: 'provider-refused', message, cause: code.slice(0, 64) };
    }
  }
  return unanswered(answer, askAgainAfterMs);
}

function findOutcome(
  answer: Answer,
  asked: Asked,
  askAgainAfterMs: number,
): Ok<OutsideAnswer | NotFound> | Retry | Unknown {
  if (answer.kind === 'answered' && answer.status === 200) {
    const data = field(answer.json, 'data');
    const { reference } = asked;
    if (Array.isArray(data)) {
      if (data.length === 0) return { kind: 'ok', value: { kind: 'not-found', reference } };
      if (data.length > 1) {
        const value = contradicted(asked, `${data.length} charges under one reference`);
        return { kind: 'ok', value };
      }
      const value = readCharge(data[0], asked);
      if (value !== undefined) return { kind: 'ok', value };
    }
  }
  return unanswered(answer, askAgainAfterMs);
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

/** The charge as evidence; undefined for what is no charge at all, which proves nothing. */
function readCharge(json: unknown, asked: Asked): OutsideAnswer | undefined {
  const { reference, amount } = asked;
  const id = field(json, 'id');
  const status = field(json, 'status');
  const minor = field(json, 'amount');
  const currency = field(json, 'currency');
  const named = field(json, 'reference');
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(id)) return undefined;
  if (typeof named !== 'string' || typeof currency !== 'string') return undefined;
  if (typeof minor !== 'number' || typeof status !== 'string') return undefined;

  if (named !== reference) return contradicted(asked, 'another reference');
  if (minor !== amount.minor) return contradicted(asked, 'another amount');
  if (currency !== amount.currency) return contradicted(asked, 'another currency');
  switch (status) {
    case 'captured':
      return field(json, 'capturedAmount') === minor
        ? { kind: 'captured', reference, chargeId: id, ...amountOf(amount) }
        : contradicted(asked, 'another captured amount');
    case 'declined': {
      const given = field(json, 'declineCode');
      const declineCode = typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : '';
      return { kind: 'declined', reference, chargeId: id, declineCode: declineCode || 'declined' };
    }
    case 'pending':
      return { kind: 'pending', reference };
    case 'authorized':
    case 'voided':
    case 'expired':
      return contradicted(asked, `the charge is ${status}`);
    default:
      return undefined;
  }
}

function amountOf({ minor, currency }: Money): Money {
  return { minor, currency };
}

function contradicted({ reference }: Asked, detail: string): Contradicted {
  return { kind: 'contradicted', reference, detail };
}

function field(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, name)
    ? (json as Record<string, unknown>)[name]
    : undefined;
}

/** W3C trace context: the provider's span is a child of ours, in the operation's trace. */
function traced(trace: string | undefined): Record<string, string> {
  if (trace === undefined || !/^(?!0+$)[0-9a-f]{32}$/.test(trace)) return {};
  return { traceparent: `00-${trace}-${randomBytes(8).toString('hex')}-01` };
}
