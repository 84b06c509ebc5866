import { type OutsideStep, unreachable } from '../../domain/index.js';
import type { OutsideRequest } from '../provider.js';

/** One write of the protocol. */
export interface SandboxRequest {
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Where what a step did can be looked up. */
export const collectionOf = {
  charge: 'charges',
  authorize: 'charges',
  capture: 'captures',
  void: 'voids',
  refund: 'refunds',
  payout: 'payouts',
} as const satisfies Record<OutsideStep, string>;

/** The write that does the step; undefined where the request lacks its charge or destination. */
export function orderOf(request: OutsideRequest): SandboxRequest | undefined {
  const { step, reference, metadata, chargeId, final, destination } = request;
  const { minor: amount, currency } = request.amount;
  switch (step) {
    case 'charge':
    case 'authorize': {
      const body = { reference, amount, currency, capture: step === 'charge' };
      return { path: '/charges', body: { ...body, ...(metadata !== undefined && { metadata }) } };
    }
    case 'capture':
      return at(chargeId, 'capture', { reference, amount, ...(final && { final }) });
    case 'void':
      return at(chargeId, 'void', { reference });
    case 'refund':
      return at(chargeId, 'refunds', { reference, amount });
    case 'payout':
      if (destination === undefined) return undefined;
      return { path: '/payouts', body: { reference, amount, currency, destination } };
    default:
      return unreachable(step);
  }
}

function at(
  chargeId: string | undefined,
  verb: string,
  body: SandboxRequest['body'],
): SandboxRequest | undefined {
  // Dots alone would lead to another path than the one that is meant.
  if (chargeId === undefined || /^\.{0,2}$/.test(chargeId)) return undefined;
  return { path: `/charges/${encodeURIComponent(chargeId)}/${verb}`, body };
}
