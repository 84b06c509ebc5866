import type { Database } from '../database/index.js';
import type { OperationEvent } from '../domain/index.js';

/** Why a sink did not take an event. */
export interface DeliveryRefusal {
  /** Of the event. */
  readonly id: number;
  readonly reason: string;
  /** It will not take it later either. */
  readonly forGood: boolean;
  /** No sooner than after this long; an hour at most. */
  readonly retryAfterMs?: number;
}

/** The events that one sink is owed, lent and ended over one database. */
export function createEvents(database: Database, sink: string) {
  return {
    /** From now on the sink is owed every event; true when it was not known before. */
    open: (): Promise<boolean> => database.call('ledger.open_sink_v1', sink),
    /** So many at most, lent for `leaseMs`: of each operation the first that the sink is owed. */
    lease: (limit: number, leaseMs: number): Promise<readonly OperationEvent[]> =>
      database.call('ledger.lease_deliveries_v1', sink, limit, leaseMs),
    /** The sink has taken these; gives how many of them it was still owed. */
    deliver: (ids: readonly number[]): Promise<number> =>
      database.call('ledger.deliver_v1', sink, [...ids]),
    /** To be tried again, for `retryMs` in all; gives how many were set aside as dead instead. */
    refuse: (refusals: readonly DeliveryRefusal[], retryMs: number): Promise<number> =>
      database.call('ledger.refuse_deliveries_v2', sink, [...refusals], retryMs),
  } as const;
}
