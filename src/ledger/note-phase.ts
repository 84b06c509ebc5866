import type { Database } from '../database/index.js';
import type { Conflict, OpId, Phase } from '../domain/index.js';

/** The phase is written, once per `change`. */
export interface Noted {
  readonly kind: 'noted';
  readonly phase: Phase;
}

/** Writes where inside an operation stands; `change` names this one writing, for repetitions. */
export function notePhase(database: Database) {
  return (
    opId: OpId,
    change: string,
    phase: Phase,
    detail: Readonly<Record<string, string>>,
  ): Promise<Noted | Conflict> =>
    database.call('ledger.note_phase_v1', opId, change, phase, detail);
}
