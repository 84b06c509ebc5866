import type { Database } from '../database/index.js';
import type { Conflict, OpId, Phase } from '../domain/index.js';

/** The phase is written, once per `change`. */
export interface Noted {
  readonly kind: 'noted';
  readonly phase: Phase;
}

/**
 * Writes where inside an operation stands; `change` names this one writing, for repetitions. The
 * event is named after the phase, unless `event` names it.
 */
export function notePhase(database: Database) {
  return (
    opId: OpId,
    change: string,
    phase: Phase,
    detail: Readonly<Record<string, string>>,
    event?: string,
  ): Promise<Noted | Conflict> =>
    database.call('ledger.note_phase_v2', opId, change, phase, detail, event ?? null);
}
