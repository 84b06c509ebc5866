import type { Database } from '../database/index.js';
import {
  commands,
  type Currency,
  latePrincipal,
  type OperationState,
  type OpId,
} from '../domain/index.js';

/** What the ledger knows under the reference of a charge. Minor units. */
export interface KnownCharge {
  readonly reference: string;
  /** The charge as it was listed; two may have one reference. */
  readonly seenId: string;
  readonly tenant: string;
  readonly opId: OpId;
  readonly isFinal: boolean;
  /** True once nothing happened to the operation for a while. */
  readonly isQuiet: boolean;
  readonly minor: number;
  readonly currency: Currency;
  /** The charge that it ended on, where it ended on one. */
  readonly chargeId: string | null;
  readonly captured: number;
  readonly refunded: number;
  /** What refunds that are under way may have given back there. */
  readonly refunding: number;
  /** A capture of which it is not written that it was made. */
  readonly capture: { readonly reference: string; readonly minor: number } | null;
  /** The operations that give this charge back, as they stand. */
  readonly late: readonly OperationState[];
}

/** What is known of these charges, of those that an attempt of ours was made for. */
export type ReadKnownCharges = (
  charges: readonly { readonly reference: string; readonly chargeId: string }[],
  quietMs: number,
) => Promise<readonly KnownCharge[]>;

/** Reads over one database. Of a hold and its second charge each is told what is its own. */
export function createKnownCharges(database: Database): ReadKnownCharges {
  return async (charges, quietMs) => {
    const asked = charges.map(({ reference, chargeId }) => ({ reference, chargeId }));
    const rows = await database.sql<{ known: KnownCharge }>`
      select jsonb_build_object('reference', a.key, 'seenId', c."chargeId", 'tenant', o.tenant,
               'opId', o.op_id, 'isFinal', o.state in ('COMPLETED', 'FAILED'),
               'isQuiet', o.updated_at <= ledger.clock()
                 - ${quietMs}::float8 * interval '1 millisecond',
               'minor', coalesce(a.amount, o.amount), 'currency', o.currency,
               'chargeId', coalesce(a.outcome ->> 'chargeId',
                 case when first.own then o.outcome ->> 'chargeId' end),
               'captured', case
                 when h.op is null or h.method = 'balance' then 0
                 when first.own then h.captured - others.captured
                 when a.outcome ->> 'kind' = 'captured' then a.amount else 0 end,
               'refunded', case when first.own then back.done else 0 end,
               'refunding', case when first.own then back.open else 0 end,
               'capture', (
                 select jsonb_build_object('reference', x.key, 'minor', x.amount)
                   from ledger.attempt x
                  where x.op = o.id and x.step like 'capture.%'
                    and x.outcome ->> 'kind' is distinct from 'captured'
                  order by x.sent_at desc, x.key desc limit 1),
               'late', (
                 select coalesce(jsonb_agg(l.state), '[]') from ledger.operation l
                  where l.tenant = o.tenant and l.principal = ${latePrincipal}
                    and l.domain = ${commands.late.domain}
                    and l.event_type = ${commands.late.eventType}
                    and l.idem_key in (select x.key || ':' || c."chargeId"
                                         from ledger.attempt x where x.op = o.id))) as known
        from jsonb_to_recordset(${asked}::jsonb) as c(reference text, "chargeId" text)
        join ledger.attempt a on a.key = c.reference
        join ledger.operation o on o.id = a.op
        left join ledger.hold h on h.op = o.id
       cross join lateral (select a.step in ('authorize.1', 'charge.1') as own) first
       cross join lateral (
         select coalesce(sum(x.amount), 0)::bigint as captured from ledger.attempt x
          where x.op = o.id and x.key <> a.key and x.step like 'charge.%'
            and x.outcome ->> 'kind' = 'captured') others
       cross join lateral (
         select coalesce(sum(r.captured), 0)::bigint as done,
                coalesce(sum(r.amount - r.captured - r.released), 0)::bigint as open
           from ledger.hold r where r.parent = o.id) back`;
    return rows.map(({ known }) => known);
  };
}
