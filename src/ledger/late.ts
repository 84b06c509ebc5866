import type { Database } from '../database/index.js';
import type {
  Begun,
  Conflict,
  Envelope,
  Fail,
  LateCommand,
  OpId,
  Refunded,
  Returned,
  Voided,
} from '../domain/index.js';

/**
 * Begins to give back what an ended operation did not know of. Refuses: payment-unknown,
 * invalid-state (it has not ended), already-known (it ended on this very evidence).
 */
export function beginLate(database: Database) {
  return (envelope: Envelope<LateCommand>, run?: string): Promise<Begun | Returned | Fail> =>
    database.call('ledger.begin_late_v1', { ...envelope, run });
}

/** Ends it with the provider's proof; `gone` says that nothing stood there any more. */
export function endLate(database: Database) {
  return (
    opId: OpId,
    proof: Refunded | Voided | { readonly kind: 'gone' },
  ): Promise<Returned | Conflict> => database.call('ledger.end_late_v1', opId, proof);
}
