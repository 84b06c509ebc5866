/**
 * @module reconciler: what ledger, Temporal and provider say of the same, compared and mended.
 * lives here: the comparisons, pure, and the sweeps that look at pages of operations and charges
 * may touch: domain; reads, findings, provider, store and the watch over workflows by type, given
 * never: a balance, a state, an end; anything that a live workflow owns, beside telling it to look
 * proved in: tables in test/reconciler, and sweeps over real servers there
 */
import type { Checked } from '../ledger/violations.js';
import type { HoldSweep } from './hold-sweep.js';
import type { ProviderSweep } from './provider-sweep.js';
import type { OperationSweep } from './sweep.js';
import type { UploadSweep } from './upload-sweep.js';

export type { Checked } from '../ledger/violations.js';
export { createHoldSweep } from './hold-sweep.js';
export { type Compared, createProviderSweep } from './provider-sweep.js';
export { createSweep, type Finding, type Swept } from './sweep.js';
export { createUploadSweep } from './upload-sweep.js';

/** How often an invariant was seen broken, and where the next part begins; null after the last. */
export interface Part {
  readonly broken: number;
  readonly next: number | null;
}

/** Looks whether the invariants hold, a part at a time. */
interface InvariantSweep {
  /** What changed, and a page of all there is; gives from where the next look goes on. */
  invariants(from: Checked | null): Promise<Checked>;
  /** Many pages from the operation `from` on; `beat` is called after each. */
  part(from: number, beat: () => void): Promise<Part>;
}

/** All that one sweep looks at. */
export interface Sweep
  extends OperationSweep,
    ProviderSweep,
    HoldSweep,
    UploadSweep,
    InvariantSweep {}
