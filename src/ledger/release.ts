import type { Database } from '../database/index.js';
import type {
  Conflict,
  Envelope,
  Fail,
  Released,
  ReleaseBecause,
  ReleasedByHand,
  Settled,
} from '../domain/index.js';

/**
 * Gives back what is still held, with a decline, a void, a fence, a withdrawal or the certainty
 * that nothing was sent as proof, or with what two people decided. An operation of which part was
 * captured ends settled with that part. Before its hold it leaves a tombstone, and the hold does
 * nothing when it comes. Refuses: idempotency-key-reused.
 */
export function release(database: Database) {
  return (
    envelope: Envelope,
    because: ReleaseBecause | ReleasedByHand,
  ): Promise<Released | Settled | Conflict | Fail> =>
    database.call('ledger.release_v2', envelope, because);
}
