import { type Currency, plus } from '../../domain/index.js';
import type { Charge, Move } from './ledger.js';

/** A charge as the protocol shows it. Moments are epoch milliseconds of the sandbox's clock. */
export interface ChargeView {
  readonly id: string;
  readonly reference: string;
  /** `pending` also while something done to it is undecided. */
  readonly status: 'captured' | 'authorized' | 'declined' | 'pending' | 'voided' | 'expired';
  /** Whole minor units, as the next two. */
  readonly amount: number;
  readonly currency: Currency;
  /** Stays when the rest is voided or expires. */
  readonly capturedAmount: number;
  readonly refundedAmount: number;
  readonly declineCode?: string;
  readonly expiresAt?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly changedAt: number;
}

/** A charge with all that was done to it, oldest first. */
export interface ChargeFile {
  readonly charge: Charge;
  readonly moves: readonly Move[];
}

/** How a charge stands at one moment. */
export interface ChargeState {
  readonly view: ChargeView;
  /** A capture was its last: nothing more can be captured. */
  readonly closed: boolean;
  /** When money was last captured. */
  readonly capturedAt?: number;
}

interface Sums {
  status: ChargeView['status'];
  capturedAmount: number;
  refundedAmount: number;
  changedAt: number;
  closed: boolean;
  capturedAt?: number;
}

/** The charge as it stands at a moment not before its creation: time alone decides and expires. */
export function stateAt({ charge, moves }: ChargeFile, moment: number): ChargeState {
  const { decided, declineCode, pendingUntil, ...rest } = charge;
  const sums: Sums = {
    status: decided,
    capturedAmount: decided === 'captured' ? charge.amount : 0,
    refundedAmount: 0,
    changedAt: pendingUntil ?? charge.createdAt,
    closed: decided !== 'authorized',
    ...(decided === 'captured' && { capturedAt: pendingUntil ?? charge.createdAt }),
  };
  if (pendingUntil !== undefined && moment < pendingUntil) {
    const { createdAt: changedAt } = charge;
    const view = { ...rest, status: 'pending', capturedAmount: 0, refundedAmount: 0 } as const;
    return { view: { ...view, changedAt }, closed: false };
  }
  for (const move of moves) {
    if (move.createdAt <= moment) apply(sums, move, charge, moment);
  }
  expire(sums, charge, moment);

  const { closed, capturedAt, ...shown } = sums;
  return {
    view: { ...rest, ...shown, ...(declineCode !== undefined && { declineCode }) },
    closed,
    ...(capturedAt !== undefined && { capturedAt }),
  };
}

// While one move is undecided no other is taken: what is folded here never overlaps.
function apply(sums: Sums, move: Move, charge: Charge, moment: number): void {
  const { kind, createdAt, pendingUntil, amount } = move;
  if (pendingUntil !== undefined && moment < pendingUntil) {
    sums.status = 'pending';
    sums.changedAt = createdAt;
    return;
  }
  sums.changedAt = pendingUntil ?? createdAt;
  if (move.declineCode !== undefined) return;
  if (kind === 'refund') sums.refundedAmount = plus(sums.refundedAmount, amount);
  if (kind === 'void') sums.status = 'voided';
  if (kind === 'capture') {
    sums.capturedAmount = plus(sums.capturedAmount, amount);
    sums.capturedAt = sums.changedAt;
    sums.closed = move.final === true;
    if (sums.closed || sums.capturedAmount >= charge.amount) sums.status = 'captured';
  }
}

// A move that was taken in time and is still undecided keeps the authorisation alive.
function expire(sums: Sums, { expiresAt }: Charge, moment: number): void {
  if (expiresAt === undefined || moment < expiresAt || sums.status !== 'authorized') return;
  sums.status = 'expired';
  sums.changedAt = Math.max(expiresAt, sums.changedAt);
}
