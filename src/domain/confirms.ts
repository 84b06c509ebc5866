import type { OutsideAnswer } from './evidence.js';

/** How an operation ended, as its row says it. */
export type Ending = { readonly kind: string } & Readonly<Record<string, unknown>>;

/**
 * True when evidence says what the operation ended with already, so that nothing is left to do:
 * the usual case of a webhook that comes after the answer. What moved money that the operation
 * does not know of is never confirmed.
 */
export function confirms(evidence: OutsideAnswer, ending: Ending): boolean {
  const isRefused = ending.kind === 'fail';
  switch (evidence.kind) {
    case 'captured':
      return !isRefused && ending['chargeId'] === evidence.chargeId && isSameSum(evidence, ending);
    case 'paid-out':
      return !isRefused && ending['payoutId'] === evidence.payoutId && isSameSum(evidence, ending);
    case 'authorized':
      // Of the charge that was captured in the end; a refused one would still be set aside.
      return !isRefused && ending['chargeId'] === evidence.chargeId;
    case 'declined':
    case 'voided':
      return isRefused;
    case 'refunded':
    case 'pending':
    case 'contradicted':
      return false;
  }
}

function isSameSum(evidence: { minor: number; currency: string }, ending: Ending): boolean {
  return ending['minor'] === evidence.minor && ending['currency'] === evidence.currency;
}
