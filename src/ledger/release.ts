import type { Database } from '../database/index.js';
import type {
  Conflict,
  Envelope,
  Fail,
  PaymentCommand,
  Released,
  ReleaseBecause,
} from '../domain/index.js';

/**
 * Gives held money back, with a decline, a withdrawal or the certainty that nothing was charged as
 * proof. Before its hold it leaves a tombstone, and the hold does nothing when it comes. Refuses:
 * idempotency-key-reused.
 */
export function release(database: Database) {
  return (
    envelope: Envelope<PaymentCommand>,
    because: ReleaseBecause,
  ): Promise<Released | Conflict | Fail> => database.call('ledger.release_v1', envelope, because);
}
