import type { OutsideAnswer } from './evidence.js';

/** How an operation ended, as its row says it. */
export type Ending = { readonly kind: string } & Readonly<Record<string, unknown>>;

/**
 * True when evidence says what the operation ended with already, so that nothing is left to do:
 * the usual case of a webhook that comes after the answer. What moved money that the operation
 * does not know of is never confirmed. `known` is what is written of the attempt that the evidence
 * is about.
 */
export function confirms(
  evidence: OutsideAnswer,
  ending: Ending,
  known: OutsideAnswer['kind'] | null = null,
): boolean {
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
      // The rest of a fare, or one capture of some, may be declined in an operation that settles.
      return isRefused || known === 'declined' || (known === null && isOfStep(evidence, 'capture'));
    case 'voided':
      return isRefused || isOfStep(evidence, 'void');
    case 'refunded':
      return !isRefused && isOfStep(evidence, 'refund') && isSameSum(evidence, ending);
    case 'confirmed':
    case 'pending':
    case 'contradicted':
      return false;
  }
}

function isSameSum(evidence: { minor: number; currency: string }, ending: Ending): boolean {
  const minor = ending['minor'] ?? ending['returned'];
  return minor === evidence.minor && ending['currency'] === evidence.currency;
}

/** True for what we asked for ourselves; what others do has the reference of the charge. */
function isOfStep(
  { reference }: { reference: string },
  step: 'capture' | 'refund' | 'void',
): boolean {
  return reference.includes(`:${step}.`);
}
