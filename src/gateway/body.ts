import type { FastifyRequest } from 'fastify';
import type { App } from './app.js';
import { hasBody } from './arrival.js';
import type { Parsed } from '../domain/index.js';
import { problem, problemOfFaults } from './problems.js';

/** The typed request that `parse` made of a body; throws the problem that lists every fault. */
export function readBody<Value>(parsed: Parsed<Value>): Value {
  if (!parsed.ok) throw problemOfFaults(parsed.faults);
  return parsed.value;
}

/**
 * Bodies are JSON in UTF-8, called so exactly, and nothing else. Of a name that is there twice the
 * last one counts, for the fingerprint too. `__proto__` is refused wherever it stands.
 */
export function takeJsonOnly(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => {
    if (body.length === 0) {
      done(null, undefined);
      return;
    }
    const text = textOf(body);
    if (text === undefined) done(problem('json-invalid'));
    else void parse(request, text, (error, value) => done(error && problem('json-invalid'), value));
  });
  app.addHook('onRequest', async (request) => {
    const { takesBytes = false, takesStream = false } = request.routeOptions.config;
    if (!takesBytes && !takesStream && hasBody(request.headers)) requireJson(request);
  });
}

/** The bodies of the routes of this part are left unread, for their handlers to take. */
export function takeStreams(part: App): void {
  part.removeAllContentTypeParsers();
  part.addContentTypeParser('*', (_, __, done) => done(null));
}

/** The bodies of the routes of this part are bytes as they came: what is signed is these. */
export function takeBytes(part: App): void {
  part.removeAllContentTypeParsers();
  part.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
}

// `keys` are compared as a parser would: a header that only looks like JSON is not let through.
const jsonType = /^application\/json[ \t]*(;[ \t]*charset=("utf-8"|utf-8)[ \t]*)?$/i;

function requireJson({ headers }: FastifyRequest): void {
  const isPlain = [undefined, 'identity'].includes(headers['content-encoding']);
  if (!isPlain || !jsonType.test(headers['content-type'] ?? '')) {
    throw problem('media-type-unsupported');
  }
}

function textOf(body: string | Buffer): string | undefined {
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    const text = decoder.decode(Buffer.from(body));
    return text.startsWith('\uFEFF') ? undefined : text;
  } catch {
    return undefined;
  }
}
