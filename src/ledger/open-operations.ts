import type { Database } from '../database/index.js';
import type { Envelope, OpId, Phase } from '../domain/index.js';

/** An operation that has not ended, with all that its workflow was started with. */
export interface OpenOperation {
  /** Its row: the order in which pages go. */
  readonly id: number;
  readonly envelope: Envelope;
  readonly phase: Phase | null;
  /** True once its time budget has ended, also by the clock of a server that is a bit behind. */
  readonly isOverdue: boolean;
  /** True when its last capture was begun without its charge: no other run can ask about it. */
  readonly hasBlindCapture: boolean;
}

/** Operations as who watches over them needs them, of all tenants. */
export interface OpenOperations {
  /** Those after the row `after` that nothing happened to for `quietMs`, in the order of rows. */
  page(after: number, limit: number, quietMs: number): Promise<readonly OpenOperation[]>;
  /** Which of these ended, and at least so long ago. */
  ended(opIds: readonly OpId[], sinceMs: number): Promise<readonly OpId[]>;
  /** Whose money is held so long after the end of the hold, the longest first. */
  outlived(
    limit: number,
    sinceMs: number,
  ): Promise<readonly { readonly opId: OpId; readonly expiresAt: string }[]>;
}

/** Open operations over one database. */
export function createOpenOperations(database: Database): OpenOperations {
  return {
    page: async (after, limit, quietMs) => {
      const rows = await database.sql<{ operation: OpenOperation }>`
        select jsonb_build_object('id', o.id, 'phase', o.phase,
                 'isOverdue', o.budget_ends_at <= calm.at,
                 'hasBlindCapture', coalesce((
                   select s.result -> 'chargeId' is null from ledger.step s
                    where s.op = o.id and s.step ~ '^capture[.][0-9]+$'
                    order by split_part(s.step, '.', 2)::int desc limit 1), false),
                 'envelope', jsonb_strip_nulls(jsonb_build_object('v', 1, 'opId', o.op_id,
                   'tenant', o.tenant, 'principal', o.principal, 'actor', o.actor,
                   'fingerprint', o.fingerprint, 'trace', o.trace, 'parentOpId', o.parent_op_id,
                   'sealed', translate(encode(o.sealed, 'base64'), E'\n', ''),
                   'acceptedAt', round(extract(epoch from o.accepted_at) * 1000),
                   'timeBudgetMs', round(extract(epoch from o.budget_ends_at - greatest(
                     o.accepted_at,
                     to_timestamp((o.command #>> '{payload,scheduledAt}')::numeric / 1000)
                   )) * 1000), 'approvalAbove', o.approval_above))
                 -- As they came: what was null in them stays so.
                 || jsonb_build_object('command', o.command, 'digests', o.digests)) as operation
          from ledger.operation o,
               (select ledger.clock() - ${quietMs}::float8 * interval '1 millisecond' as at) calm
         where o.state in ('PENDING', 'IN_PROGRESS') and o.id > ${after}::bigint
           and o.updated_at <= calm.at
         order by o.id limit ${limit}::int`;
      return rows.map(({ operation }) => operation);
    },
    ended: async (opIds, sinceMs) => {
      const rows = await database.sql<{ opId: OpId }>`
        select o.op_id as "opId" from ledger.operation o
         where o.op_id in (select jsonb_array_elements_text(${[...opIds]}::jsonb))
           and o.state in ('COMPLETED', 'FAILED')
           and o.updated_at <= ledger.clock() - ${sinceMs}::float8 * interval '1 millisecond'`;
      return rows.map(({ opId }) => opId);
    },
    outlived: (limit, sinceMs) => database.sql`
      select o.op_id as "opId", h.expires_at as "expiresAt"
        from ledger.hold h join ledger.operation o on o.id = h.op
       where h.state = 'held'
         and h.expires_at <= ledger.clock() - ${sinceMs}::float8 * interval '1 millisecond'
       order by h.expires_at limit ${limit}::int`,
  };
}
