import { sql } from 'drizzle-orm';
import type { Database } from '../database/index.js';
import type { OpId, Phase } from '../domain/index.js';

/** What the outside said, or what of our own stood in for it. Minor units. */
export interface EvidenceRow {
  readonly kind: string;
  readonly reference?: string;
  readonly chargeId?: string;
  readonly payoutId?: string;
  readonly minor?: number;
  readonly currency?: string;
  readonly declineCode?: string;
  readonly code?: string;
}

/** One thing that was decided about an operation, or one key that the provider may have seen. */
export interface HistoryRow {
  readonly at: string;
  readonly step: string;
  readonly result: EvidenceRow & {
    readonly message?: string;
    readonly phase?: Phase;
    readonly detail?: { readonly reason?: string };
    /** Epoch milliseconds. */
    readonly expiresAt?: number;
  };
  /** What the step was decided on; of an attempt what became of it, once that is certain. */
  readonly evidence: EvidenceRow | null;
}

/** How operations became what they are. */
export interface HistoryReads {
  /**
   * What was decided, oldest first, `limit` at most; `after` is how many were seen. Entries are
   * only ever added at the end. Empty while no step has run.
   */
  history(
    tenant: string,
    opId: OpId,
    page: { readonly limit: number; readonly after: number },
  ): Promise<{ readonly rows: readonly HistoryRow[]; readonly next?: number }>;
}

/** These reads over one database. */
export function createHistoryReads(database: Database): HistoryReads {
  return {
    history: async (tenant, opId, { limit, after }) => {
      const rows = (await database.read((orm) =>
        orm.execute(historyQuery(tenant, opId, limit + 1, after)),
      )) as unknown as HistoryRow[];
      const more = rows.length > limit ? { next: after + limit } : {};
      return { rows: rows.slice(0, limit).map(withMoment), ...more };
    },
  };
}

// A settle stands on the attempt of its own step and number, a release on the last that has an
// outcome. The row of a step that only wrote an attempt says what the attempt says.
function historyQuery(tenant: string, opId: OpId, limit: number, after: number) {
  return sql`with op as (
    select id from ledger.operation where tenant = ${tenant} and op_id = ${opId}
  ), entry as (
    select s.at, s.step, s.result, 1 as rank, 0 as n, (
             select a.outcome from ledger.attempt a
              where a.op = s.op and a.outcome is not null and a.sent_at <= s.at
                and case when s.step = 'settle' then a.step = 'charge.1'
                         when s.step like 'settle.%'
                           then a.step = 'capture.' || split_part(s.step, '.', 2)
                         when s.step in ('refund', 'payout') then a.step = s.step || '.1'
                         else s.step = 'release' end
              order by a.sent_at desc, a.n desc limit 1) as evidence
      from ledger.step s join op on op.id = s.op
     where s.result ->> 'kind' <> 'attempted'
    union all
    select a.sent_at, a.step,
           jsonb_build_object('kind', 'attempted', 'reference', a.key, 'minor', a.amount),
           0, a.n, a.outcome
      from ledger.attempt a join op on op.id = a.op
  )
  select at, step, result, evidence from entry order by at, rank, step, n
   limit ${limit} offset ${after}`;
}

function withMoment(row: HistoryRow): HistoryRow {
  return { ...row, at: new Date(row.at).toISOString() };
}
