import type { Database } from '../database/index.js';
import type { OperationEvent } from '../domain/index.js';

/** The events that have not left yet, lent and marked over one database. */
export function createEvents(database: Database) {
  return {
    /** So many at most, lent for `leaseMs`: the first unpublished one of each operation. */
    lease: (limit: number, leaseMs: number): Promise<readonly OperationEvent[]> =>
      database.call('ledger.lease_events_v1', limit, leaseMs),
    /** Gives how many of these nobody had marked before. */
    markPublished: (ids: readonly number[]): Promise<number> =>
      database.call('ledger.mark_published_v1', [...ids]),
  } as const;
}
