import type { Branch } from './branches.js';
import { steps } from './several-steps.js';

const items = [{ sku: 'mug', quantity: 2 }];

/** Every branch of an order. Its payment and its refund are those of every operation. */
export const orderBranches: readonly Branch[] = [
  order('order-fulfilled', {}, 'fulfilled'),
  order('order-unpaid', { funds: 0 }, 'insufficient-funds'),
  order('order-out-of-stock', refused('reserveStock'), 'out-of-stock'),
  order('order-not-shipped', refused('ship'), 'provider-refused'),
  order('order-in-doubt', { faults: [{ at: 'ship', fault: 'error-after' }] }, 'fulfilled'),
  order('order-parked', { faults: [{ at: 'ship', fault: 'error-before' }], blind: true }, 'parked'),
];

function order(name: string, course: Parameters<typeof steps>[3], end: string): Branch {
  return steps('order', name, { items }, course, end);
}

function refused(at: 'reserveStock' | 'ship'): Parameters<typeof steps>[3] {
  return { faults: [{ at, fault: 'decline' }] };
}
