import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { ERRORS, Server, type ServerOptions } from '@tus/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { hasBody } from './arrival.js';
import { Problem, problem, type ProblemCode } from './problems.js';
import { partBytesMax, type UploadStore } from './upload-store.js';

/** Of one upload: as many parts as its row takes, of the greatest size. */
export const uploadBytesMax = 10_000 * partBytesMax;

// The others are for browsers of another origin, which nobody allowed.
const headersPassed = [
  ...['cache-control', 'connection', 'location', 'tus-extension', 'tus-max-size', 'tus-version'],
  ...['upload-expires', 'upload-length', 'upload-metadata', 'upload-offset'],
] as const;

type Hooks = Pick<ServerOptions, 'locker' | 'namingFunction' | 'onUploadFinish'>;

/** Lets tus answer this request with this store; what it refuses is thrown as our problem. */
export async function answerTus(
  request: FastifyRequest,
  reply: FastifyReply,
  store: UploadStore,
  hooks: Hooks,
): Promise<void> {
  const { opId } = request.params as { readonly opId?: string };
  const server = new Server({
    path: '/v1/uploads',
    relativeLocation: true,
    maxSize: uploadBytesMax,
    datastore: store,
    lockDrainTimeout: 500,
    getFileIdFromRequest: () => opId,
    onResponseError: (_, error) => {
      throw problemOfTus(error);
    },
    ...hooks,
  });
  const answer = await server.handleWeb(webRequestOf(request.raw));
  const code = codesOfStatus[answer.status];
  if (code !== undefined) throw problem(code);
  for (const name of headersPassed) {
    const value = answer.headers.get(name);
    if (value !== null) reply.header(name, value);
  }
  // It was asked to let go before all had come: what is left cannot be told from the next request.
  if (!request.raw.complete) reply.header('connection', 'close');
  await reply.code(answer.status).send();
}

/** What the library refuses with, and what stands for it here. */
const codesOfStatus: Readonly<Record<number, ProblemCode>> = {
  400: 'upload-header-invalid',
  403: 'upload-header-invalid',
  404: 'operation-unknown',
  409: 'offset-conflict',
  410: 'upload-ended',
  412: 'tus-version-unsupported',
  413: 'body-too-large',
  415: 'media-type-unsupported',
  500: 'internal',
  501: 'upload-header-invalid',
};

function problemOfTus(error: Error | { readonly status_code: number }): unknown {
  if (error === ERRORS.ABORTED) return problem('upload-busy', {}, { 'retry-after': '2' });
  if (error instanceof Problem || !('status_code' in error)) return error;
  return problem(codesOfStatus[error.status_code] ?? 'internal');
}

/** The request as the library takes it: its bytes come as fast as the store takes them. */
function webRequestOf(raw: IncomingMessage): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw.headers)) headers.set(name, String(value));
  return new Request(`http://gateway${raw.url}`, {
    method: raw.method ?? '',
    headers,
    ...(hasBody(raw.headers) && { body: Readable.toWeb(raw), duplex: 'half' }),
  });
}
