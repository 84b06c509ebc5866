import type { Database } from '../database/index.js';
import type { Fail, OpId } from '../domain/index.js';

/** An event that a sink is tried with no more. */
interface DeadLetter {
  /** opId.seq */
  readonly eventId: string;
  readonly sink: string;
  readonly type: string;
  readonly opId: OpId;
  readonly attempts: number;
  readonly reason: string;
  /** RFC 3339. */
  readonly deadAt: string;
}

/** What a person wants delivered again: one event, or all dead ones of the sink when left out. */
interface RedeliveryAsked {
  readonly tenant: string;
  readonly sink: string;
  readonly eventId?: string;
  readonly principal: string;
  readonly reason: string;
}

type Redelivery =
  | { readonly kind: 'redelivered'; readonly events: number }
  | (Omit<Fail, 'code'> & { readonly code: 'sink-unknown' | 'event-unknown' });

/** What is owed to a sink: the oldest of it, how much, and what is set aside. Of all tenants. */
export interface SinkStanding {
  readonly sink: string;
  readonly waiting: number;
  readonly oldestSeconds: number;
  readonly dead: number;
}

/** What became of a sink that is to go: so many events are owed to it no more. */
type Retirement =
  | {
      readonly kind: 'retired';
      readonly events: number;
      /** It is owed more, and there still: to be asked again. */
      readonly left: boolean;
    }
  | (Omit<Fail, 'code'> & { readonly code: 'sink-unknown' | 'invalid-state' });

/** What sinks did not take, and a person's hand on it. */
export interface DeadLetters {
  /** The oldest first, `limit` at most. */
  list(tenant: string, sink: string | undefined, limit: number): Promise<readonly DeadLetter[]>;
  /** Up to 1,000 at once; what the sink is still owed is left as it is. */
  redeliver(asked: RedeliveryAsked): Promise<Redelivery>;
  /** What every sink is owed, of all tenants. */
  sinks(): Promise<readonly SinkStanding[]>;
  /**
   * Forgets a sink and what it is owed, of all tenants, up to 10,000 events at once. Refused while
   * a relay takes from it.
   */
  retire(asked: Pick<RedeliveryAsked, 'sink' | 'principal' | 'reason'>): Promise<Retirement>;
}

/** Dead letters over one database, as the gateway's role. */
export function createDeadLetters(database: Database): DeadLetters {
  return {
    list: async (tenant, sink = '', limit) => {
      const rows = await database.sql<DeadLetter>`
        select o.op_id || '.' || e.seq as "eventId", d.sink, e.type, o.op_id as "opId",
               d.attempts, d.reason, d.dead_at as "deadAt"
          from ledger.delivery d join ledger.outbox e on e.id = d.event
          join ledger.operation o on o.id = e.op
         where d.tenant = ${tenant} and d.dead_at is not null
           and ${sink}::text in ('', d.sink)
         order by d.event, d.sink limit ${limit}::int`;
      return rows.map((row) => ({ ...row, deadAt: new Date(row.deadAt).toISOString() }));
    },
    redeliver: ({ tenant, sink, eventId = null, principal, reason }) =>
      database.call(
        'ledger.redeliver_v1',
        ...[tenant, sink, eventId, principal, principal, reason],
      ),
    sinks: createSinkStandings(database),
    retire: ({ sink, principal, reason }) =>
      database.call('ledger.close_sink_v1', sink, principal, principal, reason),
  };
}

/** Beyond so many there is no need to be exact. */
const countedMax = 100_000;

/** Reads what every sink is owed. */
export function createSinkStandings(database: Database): () => Promise<readonly SinkStanding[]> {
  return () => database.sql<SinkStanding>`
    with unhanded as (
      select count(*) as n, min(at) as oldest from (
        select at from ledger.outbox where published_at is null
         order by id limit ${countedMax}::int) as u)
    select s.name as sink, (u.n + d.n)::int as waiting, d.dead::int as dead,
           greatest(0, coalesce(extract(epoch from ledger.clock() - least(u.oldest, e.at)), 0)
             )::float8 as "oldestSeconds"
      from ledger.sink s cross join unhanded u cross join lateral (
        select count(*) filter (where w.dead_at is null) as n,
               count(*) filter (where w.dead_at is not null) as dead,
               min(w.event) filter (where w.dead_at is null) as oldest
          from (select event, dead_at from ledger.delivery where sink = s.name
                 order by event limit ${countedMax}::int) as w) as d
      left join ledger.outbox e on e.id = d.oldest
     order by s.name`;
}
