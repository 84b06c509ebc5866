import type { FastifyReply, FastifyRequest } from 'fastify';
import { commands, fileDeletionOf, type OpId } from '../domain/index.js';
import type { UploadRow } from '../ledger/index.js';
import type { Acceptance } from './acceptance.js';
import type { App, GatewayDeps } from './app.js';
import { hasBody } from './arrival.js';
import { roles } from './auth.js';
import { takeStreams } from './body.js';
import { bounded } from './bounded.js';
import { limits } from './limits.js';
import { createOperationFinder } from './operations.js';
import { problem } from './problems.js';
import { beginUpload } from './upload-begin.js';
import { checksumAlgorithms, checksumOf } from './upload-checksum.js';
import { createUploadLocker } from './upload-locker.js';
import { metadataOf } from './upload-metadata.js';
import { answerTus, uploadBytesMax } from './upload-protocol.js';
import {
  creationSchema,
  headSchema,
  optionsSchema,
  patchSchema,
  terminationSchema,
} from './upload-schemas.js';
import { UploadStore } from './upload-store.js';

type Deps = Pick<
  GatewayDeps,
  'client' | 'reads' | 'keys' | 'uploads' | 'objects' | 'uploadLimits'
> & {
  readonly acceptance: Acceptance;
};

/** Uploads by tus 1.0: creation with or without bytes, checksum, expiration, termination. */
export async function uploadRoutes(app: App, deps: Deps): Promise<void> {
  await app.register(async (part: App) => {
    takeStreams(part);
    part.addHook('onSend', async (_, reply) => {
      reply.header('tus-resumable', tusVersion);
    });
    const one = '/v1/uploads/:opId';
    const serving = serveWith(deps);
    part.options('/v1/uploads', { config: open, schema: optionsSchema }, serving);
    part.options(one, { config: open, schema: optionsSchema }, serving);
    part.post('/v1/uploads', { config: streams, schema: creationSchema }, serving);
    part.head(one, { config: streams, schema: headSchema }, serving);
    part.patch(one, { config: streams, schema: patchSchema }, serving);
    part.delete(one, { config: streams, schema: terminationSchema }, serving);
  });
}

const tusVersion = '1.0.0';
const open = { access: 'open', takesStream: true } as const;
const streams = { access: roles, takesStream: true } as const;

function serveWith(deps: Deps) {
  const { uploads, objects, keys, client } = deps;
  const findOperation = createOperationFinder(deps);
  const rowOf = async (tenant: string, opId: OpId): Promise<UploadRow> => {
    const row = await uploads.find(tenant, opId);
    // Refused before there was a row, or ended without a file.
    if (row === undefined || row.stage === 'ABORTED' || row.stage === 'DELETED') {
      throw problem('upload-ended');
    }
    return row;
  };

  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const { caller, params, headers, method } = request;
    const { opId: asked } = params as { readonly opId?: string };
    if (method === 'OPTIONS') reply.header('tus-checksum-algorithm', checksumAlgorithms.join());
    else requireTus(request, reply);
    const tenant = caller?.tenant ?? '';
    if (method !== 'OPTIONS' && asked !== undefined) {
      // Before anybody who writes to it is asked to let go.
      const { opId, eventType } = await findOperation(caller, asked);
      if (eventType !== commands.upload.eventType) throw problem('operation-unknown');
      request.opId = opId;
    }
    const begun = { replayed: false };
    let wasWhole = false;
    const store = new UploadStore({
      ...{
        tenant,
        objects,
        uploads,
        begun,
        checksum: checksumOf(textOf(headers['upload-checksum'])),
      },
      find: async (opId) => {
        const row = await rowOf(tenant, opId);
        wasWhole ||= row.received === row.size;
        const expiresAt = row.stage === 'CLAIMED' ? Date.parse(row.expiresAt) : undefined;
        return { ...row, expiresAt, metadata: metadataOf(row, keys) };
      },
      withdraw: async (opId) => terminate(deps, request, await rowOf(tenant, opId)),
    });
    await answerTus(request, reply, store, {
      locker: createUploadLocker(uploads, tenant),
      namingFunction: async (_, metadata) => {
        const { opId, replayed } = await beginUpload(deps, request, metadata);
        begun.replayed = replayed;
        // Also where its first bytes are refused: it is there.
        reply.header('location', `/v1/uploads/${opId}`);
        if (replayed) reply.header('idempotency-replayed', 'true');
        return opId;
      },
      onUploadFinish: async (_, { id }) => {
        // Only sooner, and of what came now: whoever watches over uploads finds it whole too.
        if (wasWhole) return {};
        await bounded(limits.temporalTimeoutMs, client.uploadComplete(id as OpId)).catch(() => {});
        return {};
      },
    });
  };
}

/** What cannot be meant is refused before anything is begun, and by a code of its own. */
function requireTus({ headers, method }: FastifyRequest, reply: FastifyReply): void {
  if (headers['tus-resumable'] !== tusVersion) {
    reply.header('tus-version', tusVersion);
    throw problem('tus-version-unsupported');
  }
  if (method !== 'POST') return;
  const size = textOf(headers['upload-length']) ?? '';
  if (!/^\d{1,16}$/.test(size)) throw problem('amount-invalid');
  // Left unread it would be lost without a word, and the room for it held.
  if (hasBody(headers) && headers['content-type'] !== 'application/offset+octet-stream') {
    throw problem('upload-header-invalid');
  }
  const bodySize = Number(headers['content-length'] ?? 0);
  if (Number(size) > uploadBytesMax || bodySize > Number(size)) throw problem('body-too-large');
}

function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join() : header;
}

/** Withdraws what is under way, and deletes what is published: an operation of its own. */
async function terminate(
  { client }: Deps,
  { caller, trace }: FastifyRequest,
  { opId, stage, account, size }: UploadRow,
): Promise<void> {
  if (stage !== 'COMMITTED') {
    const { kind } = await bounded(limits.temporalTimeoutMs, client.withdraw(opId));
    if (kind === 'too-late') throw problem('invalid-state');
    return;
  }
  const command = fileDeletionOf({ upload: opId, account, amount: size });
  const as = { tenant: caller.tenant, principal: caller.subject, trace: trace.traceId };
  const deletion = await bounded(limits.temporalTimeoutMs, client.start(command, as));
  const ended = await client.result(deletion.opId, limits.statementWaitMs);
  if (ended?.kind === 'fail' && 'code' in ended) throw problem(ended.code);
}
