import { type Currency, plus } from '../../domain/index.js';
import type { FaultName, SandboxFault } from './fault-rule.js';

/** How the events of one effect go astray. */
export interface Straying {
  readonly how: 'duplicate' | 'reordered' | 'late' | 'missing';
  /** How long a late one waits, and a reordered one at most. */
  readonly delayMs: number;
}

/** How a fault bends one effect; empty for an honest one. */
export interface Bend {
  readonly declineCode?: string;
  /** Added to the amount. */
  readonly amountOff?: number;
  readonly swapsCurrency?: true;
  readonly pendingMs?: number;
  readonly forgetsKey?: true;
  readonly events?: Straying;
}

const declineCodeDefault = 'insufficient_funds';

function straying(how: Straying['how']) {
  return ({ delayMs = 1_000 }: SandboxFault): Bend => ({ events: { how, delayMs } });
}

const bends: Partial<Record<FaultName, (fault: SandboxFault) => Bend>> = {
  decline: ({ declineCode = declineCodeDefault }) => ({ declineCode }),
  pending: ({ delayMs = 1_000, becomes, declineCode = declineCodeDefault }) => ({
    pendingMs: delayMs,
    ...(becomes === 'declined' && { declineCode }),
  }),
  'wrong-amount': () => ({ amountOff: 1 }),
  'wrong-currency': () => ({ swapsCurrency: true }),
  'drop-keys': () => ({ forgetsKey: true }),
  'webhook-duplicate': straying('duplicate'),
  'webhook-reordered': straying('reordered'),
  'webhook-late': straying('late'),
  'webhook-missing': straying('missing'),
};

/** How the fault bends the effect itself; empty for faults of the wire. */
export function bendOf(fault: SandboxFault | undefined): Bend {
  return (fault && bends[fault.fault]?.(fault)) ?? {};
}

/** The part of an effect that a bend decides. */
export function bent(
  bend: Bend,
  honest: { readonly amount: number; readonly currency: Currency },
  createdAt: number,
) {
  const { declineCode, amountOff = 0, swapsCurrency, pendingMs } = bend;
  const other: Currency = honest.currency === 'EUR' ? 'USD' : 'EUR';
  return {
    amount: plus(honest.amount, amountOff),
    currency: swapsCurrency ? other : honest.currency,
    createdAt,
    ...(declineCode !== undefined && { declineCode }),
    ...(pendingMs !== undefined && { pendingUntil: createdAt + pendingMs }),
  };
}
