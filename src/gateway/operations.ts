import { z } from 'zod';
import { commands, isAccountId, isOpId, type OpId, phases, states } from '../domain/index.js';
import type { UploadDesk } from '../ledger/index.js';
import type { OperationFilter } from '../ledger/reads.js';
import type { App, GatewayDeps } from './app.js';
import { type Caller, roles } from './auth.js';
import { bounded } from './bounded.js';
import { createCursors } from './cursor.js';
import { limits } from './limits.js';
import { momentOf } from './moment.js';
import { problem } from './problems.js';
import {
  answers,
  noQuery,
  operationBody,
  operationParams,
  operationsBody,
  pageCursor,
  pageLimit,
} from './schemas.js';
import { type OperationView, viewOfDescription, viewOfRow, viewOfUpload } from './views.js';

type Deps = Pick<GatewayDeps, 'client' | 'reads' | 'keys' | 'uploads' | 'noticeDesk'>;

/** Operations as those who may see them ask after them: one, or a list. */
export function operationRoutes(
  app: App,
  { client, reads, keys, uploads, noticeDesk }: Deps,
): void {
  const cursors = createCursors(keys.digestKey);
  const find = createOperationFinder({ client, reads });

  app.get(
    '/v1/operations/:opId',
    {
      config: { access: roles },
      schema: {
        summary: 'One operation',
        tags: ['operations'],
        params: operationParams,
        querystring: noQuery,
        response: answers({ 200: ['The operation', operationBody] }, 'operation-unknown'),
      },
    },
    async (request) => {
      const { opId } = request.params;
      request.opId = isOpId(opId) ? opId : undefined;
      const found = await withUpload(uploads, request.caller, await find(request.caller, opId));
      if (found.domain !== commands.notification.domain) return found;
      const deliveries = [...(await noticeDesk.deliveries(found.opId))];
      const channel = deliveries.find(({ state }) => state === 'sent')?.channel;
      return { ...found, notice: { deliveries, ...(channel !== undefined && { channel }) } };
    },
  );

  app.get(
    '/v1/operations',
    {
      config: { access: roles },
      schema: {
        summary: 'Operations, newest first',
        description: 'A customer sees its own; the other roles see all of their tenant.',
        tags: ['operations'],
        querystring: listQuery,
        response: answers({ 200: ['A page', operationsBody] }, 'cursor-invalid'),
      },
    },
    async ({ caller, query }) => {
      const { limit = limitDefault, cursor, count, ...asked } = query;
      const filter = filterOf(caller, asked);
      const before = cursor === undefined ? undefined : cursors.read(caller.tenant, cursor);
      const page = { limit, ...(before !== undefined && { before }) };
      const [{ rows, next }, totalCount] = await Promise.all([
        reads.operations(caller.tenant, filter, page),
        count === 'true' ? reads.countOperations(caller.tenant, filter) : undefined,
      ]);
      return {
        data: rows.map(viewOfRow),
        next: next === undefined ? null : cursors.write(caller.tenant, next),
        ...(totalCount !== undefined && { totalCount }),
      };
    },
  );
}

/** The operation and, when it is an upload, how far that is. */
export async function withUpload(
  uploads: Pick<UploadDesk, 'find'>,
  { tenant }: Caller,
  found: FoundOperation,
): Promise<FoundOperation> {
  if (found.eventType !== commands.upload.eventType) return found;
  const row = await uploads.find(tenant, found.opId);
  return row === undefined ? found : { ...found, upload: viewOfUpload(row) };
}

export type FoundOperation = OperationView & { opId: OpId };

/** Finds payments alone: every other operation gives `operation-unknown` too. */
export function createPaymentFinder(deps: Pick<Deps, 'client' | 'reads'>) {
  const find = createOperationFinder(deps);
  return async (caller: Caller, opId: string): Promise<FoundOperation> => {
    const found = await find(caller, opId);
    if (found.domain !== 'Payment') throw problem('operation-unknown');
    return found;
  };
}

/**
 * Finds the operation that `caller` may see: by its row, else in Temporal. One that is unknown,
 * somebody else's, or has no possible id gives the same problem `operation-unknown`.
 */
export function createOperationFinder({ client, reads }: Pick<Deps, 'client' | 'reads'>) {
  return async (caller: Caller, opId: string): Promise<FoundOperation> => {
    if (!isOpId(opId)) throw problem('operation-unknown');
    const row = await reads.operation(caller.tenant, opId);
    if (row !== undefined && sees(caller, row.principal, row.owner)) {
      return { ...viewOfRow(row), opId };
    }
    // Asked in vain for somebody else's too, so that both take as long.
    const known = await bounded(limits.temporalTimeoutMs, client.describe(opId));
    if (row !== undefined || known?.tenant !== caller.tenant) throw problem('operation-unknown');
    const owner = await ownerOf(caller, known.account);
    if (!sees(caller, known.principal, owner)) throw problem('operation-unknown');
    return { ...viewOfDescription(known), opId };
  };

  async function ownerOf({ tenant, role }: Caller, account: string | undefined) {
    if (role !== 'customer' || !isAccountId(account)) return null;
    return (await reads.account(tenant, account))?.owner ?? null;
  }
}

function sees({ role, subject }: Caller, principal: string, owner: string | null): boolean {
  return role !== 'customer' || principal === subject || owner === subject;
}

const limitDefault = 50;
const label = z.string().regex(/^[\x21-\x7e]{1,255}$/);
const moment = z
  .string()
  .max(64)
  .refine((text) => momentOf(text) !== undefined)
  .meta({ format: 'date-time' });

const listQuery = z.strictObject({
  state: z.enum(states).optional(),
  phase: z.enum(phases).optional(),
  domain: label.optional(),
  account: z.string().refine(isAccountId).optional(),
  bizKey: label.optional(),
  from: moment.optional(),
  to: moment.optional(),
  limit: pageLimit.meta({ description: '1 to 100; 50 when not given' }),
  cursor: pageCursor,
  count: z.enum(['true', 'false']).optional(),
});

function filterOf(
  { role, subject }: Caller,
  asked: Omit<z.output<typeof listQuery>, 'limit' | 'cursor' | 'count'>,
): OperationFilter {
  const { from, to, ...equal } = asked;
  const given = { ...equal, from: from && momentOf(from), to: to && momentOf(to) };
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(set), ...(role === 'customer' && { subject }) };
}
