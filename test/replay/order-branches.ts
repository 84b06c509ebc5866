import type { Branch } from './branches.js';
import { steps } from './several-steps.js';

const more = { items: [{ sku: 'mug', quantity: 2 }] };

/** Every branch of an order. Its payment and its refund are those of every operation. */
export const orderBranches: readonly Branch[] = [
  steps('order', 'order-fulfilled', more, {}, 'fulfilled'),
  steps('order', 'order-unpaid', more, { funds: 0 }, 'insufficient-funds'),
  steps(
    'order',
    'order-reserve-stock-refused',
    more,
    { faults: [{ at: 'reserveStock', fault: 'decline' }] },
    'out-of-stock',
  ),
  steps(
    'order',
    'order-reserve-stock-in-doubt',
    more,
    { faults: [{ at: 'reserveStock', fault: 'error-after' }] },
    'fulfilled',
  ),
  steps(
    'order',
    'order-ship-refused',
    more,
    { faults: [{ at: 'ship', fault: 'decline' }] },
    'provider-refused',
  ),
  steps(
    'order',
    'order-ship-in-doubt',
    more,
    { faults: [{ at: 'ship', fault: 'error-after' }] },
    'fulfilled',
  ),
  steps(
    'order',
    'order-parked',
    more,
    { faults: [{ at: 'ship', fault: 'error-before' }], blind: true },
    'parked',
  ),
  steps(
    'order',
    'order-given-back-when-asked-again',
    more,
    {
      faults: [
        { at: 'ship', fault: 'decline' },
        { at: 'releaseStock', fault: 'error-before' },
      ],
    },
    'asked-again',
  ),
];
