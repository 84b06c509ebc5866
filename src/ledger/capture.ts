import type { Database } from '../database/index.js';
import type { Capturing, Fail, OpId } from '../domain/index.js';

/** One capture of a hold. `step` is `capture.N`; without `minor` it takes all that is left. */
export interface CaptureRequest {
  readonly step: string;
  readonly minor?: number;
  readonly final: boolean;
  /** How much more than was authorised may be taken, in percent of it. */
  readonly tolerancePercent: number;
}

/**
 * Writes the key of one capture, and sets aside what goes beyond the hold. Refuses: invalid-state,
 * capture-exceeds-hold, insufficient-funds.
 */
export function beginCapture(database: Database) {
  return (opId: OpId, asked: CaptureRequest): Promise<Capturing | Fail> =>
    database.call(
      'ledger.capture_v1',
      opId,
      asked.step,
      asked.minor ?? null,
      asked.final,
      asked.tolerancePercent,
    );
}
