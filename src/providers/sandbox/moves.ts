import { minus, percentOf, plus } from '../../domain/index.js';
import { type ChargeFile, stateAt } from './charge-state.js';
import type { Move } from './ledger.js';
import type { ProblemCode } from './problems.js';

/** What a caller asks to be done to a charge. */
export interface MoveOrder {
  readonly kind: Move['kind'];
  readonly chargeId: string;
  readonly reference: string;
  /** Absent for a void: it lets all go that is left. */
  readonly amount?: number;
  readonly final?: boolean;
}

/** How much more than was authorised can be captured, in percent of it. */
const overCapturePercent = 15;
/** For how long after its last capture a charge can be refunded. */
const refundWindowMs = 180 * 24 * 3_600_000;

/** Why the move cannot be made now; undefined when it can. */
export function moveRefusal(
  order: MoveOrder,
  file: ChargeFile,
  now: number,
): ProblemCode | undefined {
  const { view, closed, capturedAt = 0 } = stateAt(file, now);
  const { status, amount, capturedAmount, refundedAmount } = view;
  if (status === 'pending') return 'charge-pending';
  if (status === 'declined') return 'charge-declined';
  const asked = order.amount ?? 0;

  if (order.kind === 'refund') {
    if (capturedAmount === 0) return 'charge-not-captured';
    if (now - capturedAt > refundWindowMs) return 'refund-window-over';
    return asked > minus(capturedAmount, refundedAmount) ? 'amount-too-large' : undefined;
  }
  if (status === 'voided') return 'charge-voided';
  if (status === 'expired') return 'charge-expired';
  if (order.kind === 'void') return status === 'captured' ? 'charge-captured' : undefined;
  if (closed) return file.charge.decided === 'captured' ? 'charge-captured' : 'charge-closed';
  // What is over the authorised amount is only lent by it: it ends when the authorisation does.
  if (now >= (view.expiresAt ?? Infinity)) return 'charge-expired';
  const capturable = plus(amount, percentOf(amount, overCapturePercent));
  return asked > minus(capturable, capturedAmount) ? 'amount-too-large' : undefined;
}

/** What the move moves: what was asked, or all that a void lets go. */
export function movedAmount(order: MoveOrder, file: ChargeFile, now: number): number {
  const { amount, capturedAmount } = stateAt(file, now).view;
  return order.amount ?? minus(amount, capturedAmount);
}
