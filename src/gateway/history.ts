import { z } from 'zod';
import type { EvidenceRow, HistoryRow } from '../ledger/reads.js';
import type { App, GatewayDeps } from './app.js';
import { roles } from './auth.js';
import { createCursors } from './cursor.js';
import { createOperationFinder } from './operations.js';
import { answers, historyBody, operationParams, pageCursor, pageLimit } from './schemas.js';

type HistoryEntry = z.input<typeof historyBody>['data'][number];

/** How an operation became what it is, for those who may see it. */
export function historyRoutes(
  app: App,
  { client, reads, keys }: Pick<GatewayDeps, 'client' | 'reads' | 'keys'>,
): void {
  const cursors = createCursors(keys.digestKey);
  const find = createOperationFinder({ client, reads });

  app.get(
    '/v1/operations/:opId/history',
    {
      config: { access: roles },
      schema: {
        summary: 'What was decided about an operation, oldest first',
        description: 'Each step with what it was decided on, and each key that went outside.',
        tags: ['operations'],
        params: operationParams,
        querystring: historyQuery,
        response: answers({ 200: ['A page', historyBody] }, 'operation-unknown', 'cursor-invalid'),
      },
    },
    async (request) => {
      const { caller, params, query } = request;
      const { opId } = await find(caller, params.opId);
      request.opId = opId;
      const { limit = limitDefault, cursor } = query;
      // A cursor counts entries, which means something in this one history only.
      const scope = `${caller.tenant}:${opId}`;
      const after = cursor === undefined ? 0 : cursors.read(scope, cursor);
      const { rows, next } = await reads.history(caller.tenant, opId, { limit, after });
      return {
        data: rows.map(entryOf),
        next: next === undefined ? null : cursors.write(scope, next),
      };
    },
  );
}

const limitDefault = 100;
const historyQuery = z.strictObject({
  limit: pageLimit.meta({ description: '1 to 100; 100 when not given' }),
  cursor: pageCursor,
});

// Field by field: what a row holds besides is not for an answer.
function entryOf({ at, step, result, evidence }: HistoryRow): HistoryEntry {
  const { kind, ...facts } = factsOf(result);
  const { message, phase, detail, expiresAt } = result;
  return {
    ...{ at, step, result: kind, ...facts },
    ...(message !== undefined && { message }),
    ...(phase !== undefined && { phase }),
    ...(detail?.reason !== undefined && { reason: detail.reason }),
    ...(expiresAt !== undefined && { holdExpiresAt: new Date(expiresAt).toISOString() }),
    ...(evidence !== null && { evidence: factsOf(evidence) }),
  };
}

const factNames = ['reference', 'chargeId', 'payoutId', 'currency', 'declineCode', 'code'] as const;

function factsOf(row: EvidenceRow): NonNullable<HistoryEntry['evidence']> {
  const { kind, minor } = row;
  const facts: Partial<Record<(typeof factNames)[number], string>> = {};
  for (const name of factNames) if (row[name] != null) facts[name] = row[name];
  return { kind, ...(minor != null && { amount: minor }), ...facts };
}
