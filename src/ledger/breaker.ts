import type { Database } from '../database/index.js';
import { type BreakerRow, type BreakerStore, closedBreaker } from '../domain/index.js';

/** Keeps breakers in one row each, by the database's clock; each call is one statement. */
export function createBreakerStore(database: Database): BreakerStore {
  return {
    read: async (provider) => {
      const row = await database.call<Written>('ledger.breaker_read_v1', provider);
      return { ...row, state: row.state ?? closedBreaker };
    },
    write: async (provider, { epoch, state, event, actor }) => {
      const row = await database.call<Written & { readonly won: boolean }>(
        'ledger.breaker_report_v1',
        provider,
        epoch,
        state,
        event,
        actor,
      );
      return { ...row, state: row.state ?? closedBreaker };
    },
  };
}

/** No row yet, no state. */
type Written = Omit<BreakerRow, 'state'> & { readonly state: BreakerRow['state'] | null };
