import type { Database } from '../database/index.js';
import type { Attempted, Conflict, OpId } from '../domain/index.js';

/** Writes the key of the n-th attempt of a step before it is sent, and what it moves, if money. */
export function writeAttempt(database: Database) {
  return (
    opId: OpId,
    step: string,
    n: number,
    minor: number | null,
  ): Promise<Attempted | Conflict> => database.call('ledger.attempt_v1', opId, step, n, minor);
}
