import type { Database } from '../database/index.js';
import type { Captured, Conflict, OpId, Settled } from '../domain/index.js';

/**
 * Moves held money to its payee, with the provider's capture as proof; `internal` is the proof of a
 * transfer between two accounts. A lost race or a proof that does not fit is a conflict: nothing
 * changed.
 */
export function settle(database: Database) {
  return (
    opId: OpId,
    proof: Captured | { readonly kind: 'internal' },
  ): Promise<Settled | Conflict> => database.call('ledger.settle_v1', opId, proof);
}
