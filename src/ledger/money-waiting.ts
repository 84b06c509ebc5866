import type { Database } from '../database/index.js';
import type { Phase } from '../domain/index.js';

/** Money that is held and goes nowhere for now, by what it waits for. */
export interface WaitingMoney {
  readonly phase: Phase;
  readonly currency: string;
  readonly minor: number;
  readonly operations: number;
}

/** Beyond so many there is no need to be exact: the newest are left out. */
const countedMax = 100_000;

/** Reads what is held by operations that are deferred, in doubt or parked, of all tenants. */
export function createWaitingMoney(database: Database): () => Promise<readonly WaitingMoney[]> {
  return () => database.sql<WaitingMoney>`
    select w.phase, h.currency, sum(h.amount - h.captured - h.released)::float8 as minor,
           count(*)::int as operations
      from (select o.id, o.phase from ledger.operation o
             where o.phase in ('deferred', 'in-doubt', 'parked')
             order by o.id limit ${countedMax}::int) w
      join ledger.hold h on h.op = w.id and h.state = 'held'
     group by w.phase, h.currency`;
}
