import type { Stripe } from 'stripe';
import { call, type Lost, type NeverSent } from '../call.js';

/** No whole answer came. The SDK hands it on as the `detail` of its connection error. */
export class NoAnswer extends Error {
  readonly outcome: Lost | NeverSent;

  // It has no `code`: by ECONNRESET and EPIPE the SDK repeats a request even where it is told to
  // repeat none, with twice the time, and without saying so.
  constructor(outcome: Lost | NeverSent) {
    super(outcome.reason);
    this.name = 'NoAnswer';
    this.outcome = outcome;
  }
}

/** The error type of an answer that is not Stripe's: of a proxy, or cut in half. */
export const notFromStripe = 'not-from-stripe';

/** Lists have up to 100 objects of some KB. */
const bodyBytesMax = 2 * 1024 * 1024;

/**
 * The SDK's way out: one call, bounded in time to its last byte and in size, no redirect, and a
 * failure that says whether anything was sent.
 */
export function createHttpClient(fetchOnce: typeof fetch): Stripe.HttpClient {
  return {
    getClientName: () => 'fetch',
    // Async to the first line: should this throw at once, the SDK leaves its caller waiting.
    async makeRequest(host, port, path, method, headers, body, protocol, timeoutMs) {
      const url = new URL(`${protocol}://${host}${path}`);
      url.port = port;
      const answer = await call({
        url,
        method: method === 'GET' ? 'GET' : 'POST',
        headers: sentHeaders(headers),
        ...(method !== 'GET' && { body }),
        bodyBytesMax,
        timeoutMs,
        fetch: fetchOnce,
      });
      if (answer.kind !== 'answered') throw new NoAnswer(answer);
      return {
        getStatusCode: () => answer.status,
        getHeaders: () => Object.fromEntries(answer.headers),
        getRawResponse: () => ({}),
        toStream: () => undefined,
        toJSON: () => Promise.resolve(understood(answer.status, answer.json)),
      };
    },
  };
}

function sentHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  // Lower case, so that one content type is sent; fetch counts the length by itself.
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name.toLowerCase() !== 'content-length') sent[name.toLowerCase()] = String(value);
  }
  return sent;
}

/** Stripe's object or error; anything else becomes an error, which keeps the status. */
function understood(status: number, json: unknown): unknown {
  const isObject = typeof json === 'object' && json !== null;
  const error: unknown = isObject && 'error' in json ? json.error : undefined;
  if (isObject && status < 400 && error === undefined) return json;
  const isError = typeof error === 'object' && error !== null;
  return isError && status >= 400 ? json : { error: { type: notFromStripe } };
}
