/**
 * @module reconciler: what ledger and Temporal say of the same operation, compared and mended.
 * lives here: the comparison, pure, and the sweep that looks at pages of operations
 * may touch: domain; the ledger's reads and the watch over workflows through their types, injected
 * never: a balance, a state, an end; anything that a live workflow owns, beside telling it to look
 * proved in: tables in test/reconciler, and sweeps over real servers there
 */
export { createSweep, type Finding, type Sweep, type Swept } from './sweep.js';
