/** One HTTP call, with everything a money call must bound. */
export interface Call {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  /** A text goes as it is, under the caller's content type; anything else goes as JSON. */
  readonly body?: unknown;
  /** How much of an answer is read, in bytes; a longer one is lost. 64 KB by default. */
  readonly bodyBytesMax?: number;
  /** Bounds the whole call, from connecting to the last byte of the body. */
  readonly timeoutMs: number;
  readonly fetch: typeof fetch;
}

/** The far side spoke, to the end. `json` is undefined for a body that is not JSON. */
export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  readonly json: unknown;
  readonly headers: Headers;
  readonly retryAfterMs?: number;
}

/** No connection was made, so nothing can have happened there. */
export interface NeverSent {
  readonly kind: 'never-sent';
  readonly reason: string;
}

/** It was sent, or may have been, and no whole answer came back. */
export interface Lost {
  readonly kind: 'lost';
  readonly reason: string;
}

/** An answer of a provider is small; a longer one is not read. */
const bodyBytesMaxDefault = 64 * 1024;
const retryAfterMsMax = 24 * 3_600_000;

/** Calls once: no redirect is followed, the answer is bounded, and no error is thrown. */
export async function call(asked: Call): Promise<Answered | NeverSent | Lost> {
  try {
    const response = await asked.fetch(asked.url, {
      method: asked.method,
      headers: {
        accept: 'application/json',
        ...(asked.body !== undefined && { 'content-type': 'application/json' }),
        ...asked.headers,
      },
      ...(asked.body !== undefined && { body: written(asked.body) }),
      redirect: 'error',
      signal: AbortSignal.timeout(asked.timeoutMs),
    });
    const text = await boundedText(response, asked.bodyBytesMax ?? bodyBytesMaxDefault);
    if (text === undefined) return { kind: 'lost', reason: 'body-too-large' };
    const retryAfterMs = retryAfterOf(response.headers.get('retry-after'));
    return {
      kind: 'answered',
      status: response.status,
      json: parsed(text),
      headers: response.headers,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') {
      return { kind: 'lost', reason: 'timeout' };
    }
    if (!wasNeverSent(error)) return { kind: 'lost', reason: 'connection-lost' };
    return { kind: 'never-sent', reason: isForbidden(error) ? forbidden : 'no-connection' };
  }
}

function written(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

async function boundedText(response: Response, bytesMax: number): Promise<string | undefined> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  for await (const chunk of response.body as ReadableStream<Uint8Array>) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream: the rest is never read.
    if (bytes > bytesMax) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** RFC 9110 10.2.3: whole seconds or a date; at most a day, for the far side does not rule us. */
export function retryAfterOf(header: string | null): number | undefined {
  if (header === null) return undefined;
  const waitMs = /^\d{1,9}$/.test(header)
    ? Number(header) * 1_000
    : Date.parse(header) - Date.now();
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(waitMs, 0), retryAfterMsMax);
}

// Only errors of looking up the name, of connecting, and of a certificate that we refuse, which we
// do before a request is written: after that, bytes may have gone out.
function wasNeverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof AggregateError) return error.errors.every(wasNeverSent);
  const { syscall, code } = error as NodeJS.ErrnoException;
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  if (code !== undefined && certificateRefused.test(code)) return true;
  if (isForbidden(error)) return true;
  return code === 'UND_ERR_CONNECT_TIMEOUT' || wasNeverSent(error.cause);
}

const forbidden = 'address-not-allowed';

/**
 * By the look-up that holds calls to public addresses, or by fetch itself, which connects to no
 * port of mail and the like. Source: fetch.spec.whatwg.org, 2.10.
 */
function isForbidden(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code, message, cause } = error as NodeJS.ErrnoException;
  return code === 'ADDRESS_NOT_ALLOWED' || message === 'bad port' || isForbidden(cause);
}

/** Source: nodejs.org/api/tls.html, X509 certificate error codes; and that of another name. */
const certificateRefused =
  /^(ERR_TLS_CERT_ALTNAME_INVALID|CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_|UNABLE_TO_)/;
