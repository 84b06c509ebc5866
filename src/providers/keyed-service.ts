import { type Fail, kindOf, type Ok, type Retry, type Unknown } from '../domain/index.js';
import { type Answered, call, type Lost, type NeverSent } from './call.js';
import type { Service, ServiceAnswer, ServiceProfile } from './service.js';

/** Where a service is, and how long we wait for it. */
export interface ServiceSettings {
  /** Undefined for one that was not set up: every step then certainly does nothing. */
  readonly baseUrl: string | undefined;
  /** Bounds one call, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Waits between look-ups in doubt, in milliseconds. */
  readonly ladderMs: readonly number[];
  readonly fetch: typeof fetch;
}

type Answer = Answered | NeverSent | Lost;

const retryAfterMsDefault = 1_000;
const refusalStatuses: readonly number[] = [400, 409, 422];

/**
 * A service that takes keyed calls: `POST /{kind}` with `Idempotency-Key`, `GET /{kind}?reference=`
 * and `POST /fences`. What an answer must say is checked; what does not fit is `contradicted`.
 */
export function keyedService(profile: ServiceProfile, settings: ServiceSettings): Service {
  const base = settings.baseUrl?.replace(/\/+$/, '');
  const asked = (method: 'GET' | 'POST', path: string, key?: string, body?: object) =>
    base === undefined
      ? ({ kind: 'never-sent', reason: 'not-set-up' } as const)
      : call({
          ...{ method, fetch: settings.fetch, timeoutMs: profile.requestTimeoutMs },
          url: new URL(`${base}${path}`),
          headers: key === undefined ? {} : { 'idempotency-key': key },
          ...(body !== undefined && { body }),
        });
  return {
    profile,
    async perform({ step, reference, detail }) {
      const answer = await asked('POST', `/${kindOf(step)}`, reference, { ...detail, reference });
      return performed(answer, reference);
    },
    async find({ step, reference }) {
      const query = new URLSearchParams({ reference }).toString();
      const answer = await asked('GET', `/${kindOf(step)}?${query}`);
      return standing(answer, reference, 'not-found');
    },
    async fence({ step, reference }) {
      const body = { reference, kind: kindOf(step) };
      const answer = await asked('POST', '/fences', `fence:${reference}`, body);
      return standing(answer, reference, 'fenced');
    },
  };
}

function performed(answer: Answer, reference: string): Ok<ServiceAnswer> | Retry | Fail | Unknown {
  if (answer.kind !== 'answered') return unanswered(answer);
  const { status, json } = answer;
  const value = status < 300 ? readAnswer(json, reference) : undefined;
  if (value !== undefined) return { kind: 'ok', value };
  const { code } = (json ?? {}) as { readonly code?: unknown };
  if (!refusalStatuses.includes(status) || typeof code !== 'string') return unanswered(answer);
  // Something stands under our key that we did not ask for: no proof that nothing was done.
  if (code === 'idempotency-key-reused') {
    return { kind: 'ok', value: contradicted(reference, 'something else under our key') };
  }
  const message = `the service refused the request with ${status}`;
  return { kind: 'fail', code: 'provider-refused', message, cause: code };
}

/** What stands under the reference; when nothing does, that. */
function standing<Nothing extends 'not-found' | 'fenced'>(
  answer: Answer,
  reference: string,
  nothing: Nothing,
): Ok<ServiceAnswer | { kind: Nothing; reference: string }> | Retry | Unknown {
  if (answer.kind !== 'answered' || answer.status >= 300) return unanswered(answer);
  const { data } = (answer.json ?? {}) as { readonly data?: unknown };
  if (!Array.isArray(data)) return unanswered(answer);
  if (data.length === 0) return { kind: 'ok', value: { kind: nothing, reference } };
  const [first, ...others] = data.map((one: unknown) => readAnswer(one, reference));
  if (first === undefined) return unanswered(answer);
  if (others.length === 0) return { kind: 'ok', value: first };
  return { kind: 'ok', value: contradicted(reference, `${data.length} stand under our key`) };
}

function readAnswer(json: unknown, reference: string): ServiceAnswer | undefined {
  const read = (json ?? {}) as Readonly<Record<string, unknown>>;
  const { id, status, declineCode } = read;
  if (read['reference'] !== reference) return undefined;
  if (status === 'confirmed' && typeof id === 'string' && id !== '') {
    return { kind: 'confirmed', reference, serviceId: id };
  }
  if (status === 'declined' && typeof declineCode === 'string') {
    return { kind: 'declined', reference, declineCode };
  }
  return status === 'pending' ? { kind: 'pending', reference } : undefined;
}

function contradicted(reference: string, detail: string): ServiceAnswer {
  return { kind: 'contradicted', reference, detail };
}

function unanswered(answer: Answer): Retry | Unknown {
  if (answer.kind === 'never-sent') return retry(answer.reason, retryAfterMsDefault);
  if (answer.kind === 'lost') return unknown(answer.reason);
  const { status, retryAfterMs } = answer;
  if (status === 429) return retry('rate-limited', retryAfterMs ?? retryAfterMsDefault);
  return unknown(status < 300 ? 'unreadable-answer' : `status-${status}`, retryAfterMs);
}

function retry(reason: string, nextRetryAfterMs: number): Retry {
  return { kind: 'retry', reason, attempt: 1, nextRetryAfterMs };
}

function unknown(reason: string, askAgainAfterMs = 0): Unknown {
  return { kind: 'unknown', reason, askAgainAfterMs };
}
