import type { Database } from '../database/index.js';
import type { Currency } from '../domain/index.js';

/** A sum of minor units; as digits where a number could not tell it from its neighbour. */
export type Sum = number | string;

/** The money of customers and merchants in one currency, and what of it is not certain. */
export interface MoneyOf {
  readonly currency: Currency;
  readonly funded: Sum;
  readonly received: Sum;
  readonly refunded: Sum;
  readonly held: Sum;
  readonly settled: Sum;
  readonly available: Sum;
  /** available - (funded + received + refunded - held - settled): anything but 0 is a leak. */
  readonly drift: Sum;
  /** Held for operations in doubt, and for those in front of a person. */
  readonly inDoubt: Sum;
  readonly parked: Sum;
}

/** Sums what a tenant has, in one statement. */
export async function moneyOf(database: Database, tenant: string): Promise<readonly MoneyOf[]> {
  const rows = await database.sql<Record<string, string>>`
    select c.currency, sum(funded)::text as funded, sum(received)::text as received,
           sum(refunded)::text as refunded, sum(c.held)::text as held,
           sum(settled)::text as settled, sum(available)::text as available,
           sum(available - (funded + received + refunded - c.held - settled))::text as drift,
           coalesce(min(w.in_doubt), 0)::text as "inDoubt",
           coalesce(min(w.parked), 0)::text as parked
      from ledger.balance_check_v1(${tenant}) c
      left join (
        select h.currency,
               sum(h.amount - h.captured - h.released) filter (where o.phase = 'in-doubt')
                 as in_doubt,
               sum(h.amount - h.captured - h.released) filter (where o.phase = 'parked') as parked
          from ledger.operation o join ledger.hold h on h.op = o.id
         where o.tenant = ${tenant} and o.state = 'IN_PROGRESS' and h.state = 'held'
         group by h.currency) w on w.currency = c.currency
     where c.kind <> 'internal'
     group by c.currency order by c.currency`;
  return rows.map(({ currency, ...sums }) => ({
    currency,
    ...Object.fromEntries(Object.entries(sums).map(([name, digits]) => [name, sumOf(digits)])),
  })) as unknown as MoneyOf[];
}

function sumOf(digits: string): Sum {
  const number = Number(digits);
  return Number.isSafeInteger(number) ? number : digits;
}
