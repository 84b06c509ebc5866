import type { Database } from '../database/index.js';
import type { Capturing, Fail, OpId } from '../domain/index.js';

/** One capture of a hold. `step` is `capture.N`; without `minor` it takes all that is left. */
export interface CaptureRequest {
  readonly step: string;
  readonly minor?: number;
  readonly final: boolean;
  /** How much more than was authorised may be taken, in percent of it. */
  readonly tolerancePercent: number;
  /** Is set aside with it, to be charged by itself once this is captured. */
  readonly rest?: number;
  /** The charge that is captured: for a run that has not seen it authorised. */
  readonly chargeId?: string;
}

/**
 * Writes the key of one capture, and sets aside what goes beyond the hold, with the rest. Refuses:
 * invalid-state, capture-exceeds-hold, insufficient-funds.
 */
export function beginCapture(database: Database) {
  return (opId: OpId, asked: CaptureRequest): Promise<Capturing | Fail> =>
    database.call(
      'ledger.capture_v3',
      opId,
      asked.step,
      asked.minor ?? null,
      asked.final,
      asked.tolerancePercent,
      asked.rest ?? 0,
      asked.chargeId ?? null,
    );
}
