import type { OpId } from './ids.js';
import type { RefusalCode } from './refusals.js';

// Facts of operations that take several steps, some of them at services outside.

/** A service outside did what was asked. */
export interface Confirmed {
  readonly kind: 'confirmed';
  readonly reference: string;
  /** What the service calls it. */
  readonly serviceId: string;
}

/** An operation of several steps has its row. `returns` is why it is given back, once it is. */
export interface Accepted {
  readonly kind: 'accepted';
  readonly opId: OpId;
  /** Since when, epoch milliseconds: no call of it is older. */
  readonly since: number;
  readonly returns?: RefusalCode;
}

/** From now on an operation of several steps only gives back what it did. */
export interface Turned {
  readonly kind: 'turned';
  readonly opId: OpId;
  readonly code: RefusalCode;
}

/** All that was asked for was done, paid for and written down. */
export interface Fulfilled {
  readonly kind: 'fulfilled';
  readonly opId: OpId;
}
