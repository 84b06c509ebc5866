import { type Authorized, type Captured, minus } from '../domain/index.js';
import type { KnownCharge } from '../ledger/index.js';
import type { ListedCharge } from '../providers/provider.js';

/** What the provider says that the ledger does not. */
export type Mismatch =
  | {
      readonly kind:
        | 'unknown-charge'
        | 'amount-differs'
        | 'double-charge'
        | 'captured-more'
        | 'captured-less';
    }
  /** Money that ended here, and stands there still: it is to be given back. */
  | { readonly kind: 'left-charge'; readonly evidence: Captured | Authorized };

/**
 * Holds a charge of the provider against what the ledger knows under its reference. While the
 * operation is open its workflow decides, and what it has not written yet is no mismatch.
 */
export function compareProvider(
  charge: ListedCharge,
  known: KnownCharge | undefined,
): Mismatch | undefined {
  const there = minus(charge.capturedMinor, charge.refundedMinor);
  const isLive = charge.state === 'authorized' || there > 0;
  if (known === undefined) {
    return isLive || charge.state === 'pending' ? { kind: 'unknown-charge' } : undefined;
  }
  const isOther = known.chargeId !== null && known.chargeId !== charge.chargeId;
  if (isOther && isLive) return { kind: 'double-charge' };
  const differs = charge.minor !== known.minor || charge.currency !== known.currency;
  if (differs && isLive) return { kind: 'amount-differs' };
  const isReturned = known.late.includes('COMPLETED');
  if (isOther || isReturned || !known.isFinal || charge.state === 'pending') return undefined;

  const here = minus(known.captured, known.refunded);
  // A refund moves there first.
  const agrees = there <= here && there >= minus(here, known.refunding);
  if (agrees && charge.state !== 'authorized') return undefined;
  const evidence = agrees || known.captured === 0 ? evidenceOf(charge, known, there) : undefined;
  if (evidence !== undefined) return { kind: 'left-charge', evidence };
  return { kind: there > here ? 'captured-more' : 'captured-less' };
}

/**
 * The charges of this page that share their reference with another: there is one too many,
 * whichever of them the operation ends on.
 */
export function doublesOf(charges: readonly ListedCharge[]): readonly ListedCharge[] {
  const live = charges.filter(
    ({ state, capturedMinor, refundedMinor }) =>
      state === 'authorized' || capturedMinor > refundedMinor,
  );
  return live.filter((one) =>
    live.some(
      ({ reference, chargeId }) => reference === one.reference && chargeId !== one.chargeId,
    ),
  );
}

/** What proves that it stands there, as the provider's own event would say it. */
function evidenceOf(
  { chargeId, reference, state, minor, expiresAt }: ListedCharge,
  { currency, capture }: KnownCharge,
  there: number,
): Captured | Authorized | undefined {
  const sum = { chargeId, currency };
  if (state === 'authorized') {
    const ends = expiresAt === undefined ? {} : { expiresAt };
    return { kind: 'authorized', reference, ...sum, minor, ...ends };
  }
  if (there === minor && reference.includes(':charge.')) {
    return { kind: 'captured', reference, ...sum, minor };
  }
  // Of a capture the list shows the sum alone: only one that fits can be given back.
  return capture !== null && capture.minor === there
    ? { kind: 'captured', reference: capture.reference, ...sum, minor: there }
    : undefined;
}
