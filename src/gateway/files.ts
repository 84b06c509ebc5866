import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { buffer } from 'node:stream/consumers';
import { commands, isImage, isOpId, thumbKeyOf } from '../domain/index.js';
import type { UploadRow } from '../ledger/index.js';
import type { CachedObject, Download } from '../objects/cache.js';
import type { ByteRange } from '../objects/store.js';
import type { App, GatewayDeps } from './app.js';
import { roles } from './auth.js';
import { rangeOf } from './byte-range.js';
import { attachmentOf, safeNameOf } from './file-names.js';
import { createOperationFinder } from './operations.js';
import { Problem, problem } from './problems.js';
import { answers, noQuery, openAnswers, operationParams } from './schemas.js';
import { unavailableStore } from './store-away.js';
import { sealedOf } from './upload-metadata.js';

type Deps = Pick<
  GatewayDeps,
  'client' | 'reads' | 'keys' | 'uploads' | 'objects' | 'copies' | 'links'
>;

/** Published files: a link for who may see one, and the bytes for who has the link. */
export function fileRoutes(app: App, deps: Deps): void {
  linkRoute(app, deps);
  fileRoute(app, deps);
  thumbnailRoute(app, deps);
}

function linkRoute(app: App, deps: Deps): void {
  const find = createOperationFinder(deps);
  app.post(
    '/v1/uploads/:opId/link',
    {
      config: { access: roles },
      schema: {
        summary: 'A link to a published file, for whoever has it, for five minutes',
        tags: ['uploads'],
        params: operationParams,
        querystring: noQuery,
        response: answers({ 200: ['The link', linkBody] }, 'operation-unknown', 'file-unknown'),
      },
    },
    async (request) => {
      const { caller, params } = request;
      if (deps.links === undefined) throw problem('not-found', { detail: 'No links are given.' });
      const { opId, eventType } = await find(caller, params.opId);
      if (eventType !== commands.upload.eventType) throw problem('operation-unknown');
      request.opId = opId;
      const row = await deps.uploads.find(caller.tenant, opId);
      if (row?.stage !== 'COMMITTED') throw problem('file-unknown');
      const { tenant } = caller;
      const { sign } = deps.links;
      const signed = (path: string) => {
        const { expires, signature } = sign({ method: 'GET', path, tenant });
        const url = `${path}?${new URLSearchParams({ tenant, expires, signature }).toString()}`;
        return { url, expiresAt: new Date(Number(expires) * 1_000).toISOString() };
      };
      return {
        ...signed(fileAt(opId)),
        ...(isImage(row.mediaType ?? '') && { thumbnail: signed(thumbnailAt(opId)).url }),
      };
    },
  );
}

const fileAt = (opId: string) => `/v1/files/${opId}`;
const thumbnailAt = (opId: string) => `${fileAt(opId)}/thumbnail`;

function fileRoute(app: App, deps: Deps): void {
  app.get(
    '/v1/files/:opId',
    {
      exposeHeadRoute: false,
      config: { access: 'open' },
      schema: {
        summary: 'A published file, by its link',
        description: 'Takes one `Range`. It is to be saved: nothing in it is ever shown from here.',
        tags: ['uploads'],
        security: [],
        params: operationParams,
        querystring: linkQuery,
        response: {
          ...openAnswers({}, 'link-invalid', 'range-unsatisfiable', 'unavailable'),
          200: z.any().meta({ description: 'All of it' }),
          206: z.any().meta({ description: 'The bytes of `Range`' }),
          304: z.null().meta({ description: 'It is the one that `If-None-Match` names' }),
        },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const row = await linked(deps, fileAt(params.opId), params.opId, query);
      request.opId = row.opId;
      return sendFile(deps, request, reply, row);
    },
  );
}

function thumbnailRoute(app: App, deps: Deps): void {
  app.get(
    '/v1/files/:opId/thumbnail',
    {
      exposeHeadRoute: false,
      config: { access: 'open' },
      schema: {
        summary: 'A small picture of a published image, by a link of its own',
        description: 'A JPEG of 300 x 300 pixels at most; 404 for an image that has none.',
        tags: ['uploads'],
        security: [],
        params: operationParams,
        querystring: linkQuery,
        response: {
          ...openAnswers({}, 'link-invalid', 'file-unknown', 'unavailable'),
          200: z.any().meta({ description: 'All of it' }),
        },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const { opId, attempt } = await linked(deps, thumbnailAt(params.opId), params.opId, query);
      request.opId = opId;
      const bytes = await deps.objects.read(thumbKeyOf(opId, attempt)).catch(unavailableStore);
      if (bytes === undefined) throw problem('file-unknown');
      const jpeg = await buffer(bytes as AsyncIterable<Buffer>).catch(unavailableStore);
      return reply.headers(harmless).type('image/jpeg').send(jpeg);
    },
  );
}

/** The published file that a link to this path is of. */
async function linked(
  { links, uploads }: Deps,
  path: string,
  opId: string,
  { tenant, ...proof }: z.infer<typeof linkQuery>,
): Promise<UploadRow> {
  const isOurs = links?.verify({ method: 'GET', path, tenant }, proof) === true;
  const row = isOurs && isOpId(opId) && (await uploads.find(tenant, opId));
  // One that was deleted meanwhile is no better than one that never was.
  if (!row || row.stage !== 'COMMITTED') throw problem('link-invalid');
  return row;
}

const harmless = {
  'cache-control': 'private, no-cache',
  'content-security-policy': "default-src 'none'; sandbox",
  'x-content-type-options': 'nosniff',
} as const;

async function sendFile(
  deps: Deps,
  { headers }: FastifyRequest,
  reply: FastifyReply,
  row: UploadRow,
): Promise<FastifyReply> {
  const { opId, size, objectKey, sha256, mediaType } = row;
  const etag = `"${sha256}"`;
  const { name = opId } = sealedOf(row, deps.keys);
  reply.headers({
    etag,
    'accept-ranges': 'bytes',
    'content-disposition': attachmentOf(safeNameOf(name, opId)),
    ...harmless,
  });
  if (headers['if-none-match'] === etag) return reply.code(304).send();
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  const range = rangeOf(isSame ? headers.range : undefined, size);
  if (range === 'none') {
    throw problem('range-unsatisfiable', {}, { 'content-range': `bytes */${size}` });
  }
  const { bytes, since } = await download(deps, { key: objectKey ?? '', size }, range);
  if (since !== undefined) {
    reply.header('age', Math.max(0, Math.floor((Date.now() - since) / 1_000)));
    reply.header('warning', '111 - "Revalidation Failed"');
  }
  const { from, to } = range ?? { from: 0, to: size - 1 };
  if (range !== undefined) reply.code(206).header('content-range', `bytes ${from}-${to}/${size}`);
  return reply
    .header('content-length', to - from + 1)
    .type(mediaType ?? 'application/octet-stream')
    .send(Readable.from(bytes));
}

/** From the store; while that cannot be read, a copy of this gateway's, if it has one. */
async function download(
  { objects, copies }: Deps,
  object: CachedObject,
  range: ByteRange | undefined,
): Promise<Download> {
  try {
    const bytes = await objects.read(object.key, range);
    // Deleted this moment.
    if (bytes === undefined) throw problem('link-invalid');
    return { bytes: range === undefined ? copies.keep(object, bytes) : bytes };
  } catch (error) {
    if (error instanceof Problem) throw error;
    return (await copies.read(object, range)) ?? unavailableStore(error);
  }
}

const linkQuery = z.strictObject({
  tenant: z.string().max(64),
  expires: z.string().max(16),
  signature: z.string().max(64),
});

const linkBody = z
  .object({
    url: z.string().meta({ description: 'On this gateway; it needs no token' }),
    thumbnail: z.string().optional().meta({ description: 'Of an image: the same, for its JPEG' }),
    expiresAt: z.iso.datetime(),
  })
  .meta({ id: 'FileLink' });
