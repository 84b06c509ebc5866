import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { nanoid } from 'nanoid';
import type { App, GatewayDeps } from './app.js';
import { limits } from './limits.js';
import {
  documentOf,
  Problem,
  type ProblemCode,
  problem,
  problemMediaType,
  problems,
  unavailable,
} from './problems.js';

/** Everything that is not an answer of a route becomes a problem document here. */
export function answerProblems(app: App, deps: Pick<GatewayDeps, 'log' | 'outageOf'>): void {
  const log = deps.log.child({ module: 'gateway' });

  app.setErrorHandler((error, request, reply) => {
    const known = problemOf(error, deps.outageOf);
    const { status } = problems[known.code];
    if (status >= 500) log.error({ err: error, requestId: request.id }, known.code);
    return sendProblem(request, reply, known);
  });
  app.setNotFoundHandler(() => {
    throw problem('not-found');
  });
}

/** Sends the document of `found`. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  found: Problem,
): FastifyReply {
  // What is left of the request is not read: nobody can tell where the next one would begin.
  if (!request.raw.complete) reply.header('connection', 'close');
  return (
    reply
      .code(problems[found.code].status)
      .headers(found.headers)
      .header('cache-control', 'no-store')
      .type(problemMediaType)
      // As bytes: to a text Fastify would add a charset, which this media type does not have.
      .send(Buffer.from(documentOf(found, request.id)))
  );
}

const codesOfFastify: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body-too-large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'request-invalid',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'media-type-unsupported',
  FST_ERR_BAD_URL: 'request-invalid',
  FST_ERR_MAX_PARAM_LENGTH: 'not-found',
  ECONNRESET: 'request-invalid',
};

/** The problem that an error is to the caller; `internal` says nothing of it. */
export function problemOf(error: unknown, outageOf: GatewayDeps['outageOf']): Problem {
  if (error instanceof Problem) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = error.validation.flatMap(({ instancePath, params }) => {
      const unknown = keysOf(params).map((path) => ({ path, code: 'unknown-field' }));
      return unknown.length > 0
        ? unknown
        : [{ path: instancePath.slice(1), code: 'field-invalid' }];
    });
    return problem('query-invalid', { errors });
  }
  if (outageOf(error) !== undefined) return unavailable({ cause: error });
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return problem(codesOfFastify[code] ?? 'internal');
}

function keysOf(params: object): string[] {
  const keys = 'keys' in params && Array.isArray(params.keys) ? params.keys : [];
  return keys.map((key) => String(key).slice(0, 64));
}

/** Refuses what is too long, and a method that a path does not have, before anything is read. */
export function guardRequests(app: App): void {
  const paths: { pattern: RegExp; methods: Set<string> }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/:\w+/g, '[^/]+').replace(/\*$/, '.*')}$`);
    const known = paths.find((one) => one.pattern.source === pattern.source);
    const { methods } = known ?? { methods: new Set<string>() };
    for (const name of [method].flat()) methods.add(name);
    if (known === undefined) paths.push({ pattern, methods });
  });

  app.addHook('onRequest', async (request) => {
    const { rawHeaders, url = '', method = '' } = request.raw;
    if (url.length > limits.urlLengthMax) throw problem('url-too-long');
    const tooMany = rawHeaders.length > 2 * limits.headersMax;
    if (tooMany || sizeOf(rawHeaders) > limits.headerBytesMax) throw problem('headers-too-large');
    if (!request.is404) return;
    const path = url.replace(/\?.*$/, '');
    const allowed = paths.filter(({ pattern }) => pattern.test(path));
    if (allowed.length === 0) throw problem('not-found');
    const methods = new Set(allowed.flatMap((one) => [...one.methods]));
    if (methods.has(method)) throw problem('not-found');
    throw problem('method-not-allowed', {}, { allow: [...methods].sort().join(', ') });
  });
}

function sizeOf(rawHeaders: readonly string[]): number {
  return rawHeaders.reduce((size, text) => size + text.length + 2, 0);
}

const codesOfNode: Readonly<Record<string, ProblemCode>> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** Answers bytes that are no request, and requests that never end, and closes the connection. */
export function refuseConnection(
  error: Error & { code?: unknown; rawPacket?: unknown },
  socket: Socket,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { rawPacket } = error;
  const start = rawPacket instanceof Buffer ? rawPacket.toString('latin1', 0, 8_448) : '';
  const code = codesOfNode[String(error.code)] ?? 'request-invalid';
  socket.end(rawAnswer(/^[A-Z]+ \S{8192}/.test(start) ? 'url-too-long' : code));
}

/** A problem as the bytes of a whole answer, for a socket that has no reply. */
export function rawAnswer(code: ProblemCode, headers: readonly string[] = []): string {
  const { status } = problems[code];
  const requestId = nanoid();
  const body = documentOf(problem(code), requestId);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    `content-type: ${problemMediaType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${requestId}`,
    ...headers,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
