import type { Database } from '../database/index.js';
import type {
  CapturedPart,
  Conflict,
  OpId,
  Settled,
  SettledByHand,
  SettleProof,
} from '../domain/index.js';

const whole = { step: 'settle', final: true };

/**
 * Moves held money to its payee, with what the provider did as proof; `internal` is the proof of a
 * transfer between two accounts, and `by-hand` of what two people decided. `step` names this one
 * move, `settle` when it is the only one. A final one gives the rest of the hold back and ends the
 * operation. A lost race or a proof that does not fit is a conflict: nothing changed.
 */
export function settle(database: Database) {
  return (
    opId: OpId,
    proof: SettleProof | SettledByHand,
    { step, final }: { readonly step: string; readonly final: boolean } = whole,
  ): Promise<Settled | CapturedPart | Conflict> =>
    database.call('ledger.settle_v2', opId, step, proof, final);
}
