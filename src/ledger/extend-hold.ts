import type { Database } from '../database/index.js';
import type { Extended, Fail, OpId } from '../domain/index.js';

/** Lets a hold end at another moment, epoch milliseconds. Refuses: invalid-state. */
export function extendHold(database: Database) {
  return (opId: OpId, change: string, expiresAt: number): Promise<Extended | Fail> =>
    database.call('ledger.extend_hold_v1', opId, change, new Date(expiresAt).toISOString());
}
