import type { Database } from '../database/index.js';
import type { Conflict, MethodChosen, OpId, PaymentMethod } from '../domain/index.js';

/**
 * Lets a payment that was to be charged, and of which nothing was sent, move inside the ledger. A
 * conflict once anything is known of its charge, and for one that is not captured automatically.
 */
export function chooseMethod(database: Database) {
  return (opId: OpId, method: PaymentMethod): Promise<MethodChosen | Conflict> =>
    database.call('ledger.choose_method_v1', opId, method);
}
