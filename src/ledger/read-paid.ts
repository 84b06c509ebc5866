import type { Database } from '../database/index.js';
import type { OpId } from '../domain/index.js';

/** What the payments took that this operation started, less what went back, in minor units. */
export function readPaid(database: Database) {
  return (opId: OpId): Promise<{ readonly minor: number }> => database.call('ledger.paid_v1', opId);
}
