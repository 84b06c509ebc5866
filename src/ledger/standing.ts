import type { Database } from '../database/index.js';
import { createSinkStandings, type SinkStanding } from './dead-letters.js';
import { createWaitingMoney, type WaitingMoney } from './money-waiting.js';

/** How all that is open stands, of all tenants; every number is one that somebody may watch. */
export interface Standing {
  readonly waiting: readonly WaitingMoney[];
  readonly open: readonly {
    readonly state: string;
    readonly phase: string;
    readonly age: string;
    readonly operations: number;
    readonly oldestSeconds: number;
  }[];
  readonly cases: readonly {
    readonly kind: string;
    readonly currency: string;
    readonly cases: number;
    readonly minor: number;
  }[];
  readonly sinks: readonly SinkStanding[];
  readonly holdsLeaked: number;
  /** Since the last sweep ended. */
  readonly silentSeconds: number;
}

/** Beyond so many there is no need to be exact: the newest are left out. */
const countedMax = 100_000;

/** Reads how everything stands. What is to begin later is as old as its moment. */
export function createStanding(database: Database): () => Promise<Standing> {
  const readWaiting = createWaitingMoney(database);
  const readSinks = createSinkStandings(database);
  return async () => {
    const [waiting, open, cases, sinks, [rest]] = await Promise.all([
      readWaiting(),
      readOpen(database),
      readCases(database),
      readSinks(),
      database.sql<Pick<Standing, 'holdsLeaked' | 'silentSeconds'>>`
        select (select count(*)::int
                  from ledger.hold h join ledger.operation o on o.id = h.op
                 where h.state = 'held' and o.state in ('COMPLETED', 'FAILED')) as "holdsLeaked",
               (select greatest(0, extract(epoch from ledger.clock() - p.at))::int
                  from ledger.pulse p where p.name = 'reconciler') as "silentSeconds"`,
    ]);
    const { holdsLeaked = 0, silentSeconds = 0 } = rest ?? {};
    return { waiting, open, cases, sinks, holdsLeaked, silentSeconds };
  };
}

function readOpen(database: Database): Promise<Standing['open']> {
  return database.sql`
    select o.state, o.phase, o.age, count(*)::int as operations,
           max(o.seconds)::int as "oldestSeconds"
      from (
        select state, coalesce(phase, 'none') as phase, seconds,
               case when seconds < 60 then 'minute' when seconds < 3600 then 'hour'
                    when seconds < 86400 then 'day' else 'longer' end as age
          from (
            select state, phase, greatest(0, extract(epoch from ledger.clock() - greatest(
                     accepted_at,
                     to_timestamp((command #>> '{payload,scheduledAt}')::numeric / 1000)
                   ))) as seconds
              from ledger.operation where state in ('PENDING', 'IN_PROGRESS')
             order by id limit ${countedMax}::int) aged) o
     group by o.state, o.phase, o.age`;
}

function readCases(database: Database): Promise<Standing['cases']> {
  return database.sql`
    select kind, coalesce(currency, 'none') as currency, count(*)::int as cases,
           sum(amount_at_risk)::float8 as minor
      from ledger.case where state <> 'ended' group by 1, 2`;
}
