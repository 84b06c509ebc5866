import type {
  Contradicted,
  Declined,
  Fail,
  Ok,
  OutsideAnswer,
  OutsideStep,
  Retry,
  Unknown,
} from '../../domain/index.js';
import type { OutsideRequest } from '../provider.js';
import { type Trouble, troubleOf } from './errors.js';
import { readIntent, standingOf } from './objects.js';

/**
 * Refusals that say of the money, and not of our request, why the step cannot be. After these it
 * never can be, whoever asks.
 */
const final: Partial<Record<OutsideStep, readonly string[]>> = {
  capture: [
    'amount_too_large',
    'capture_charge_authorization_expired',
    'charge_already_captured',
    'charge_expired_for_capture',
    'payment_intent_unexpected_state',
  ],
  void: ['payment_intent_unexpected_state'],
  refund: [
    'amount_too_large',
    'charge_already_refunded',
    'charge_disputed',
    'charge_not_refundable',
    'payment_intent_unexpected_state',
    'refund_disputed_payment',
  ],
  payout: [
    'balance_insufficient',
    'bank_account_unusable',
    'insufficient_funds',
    'payouts_limit_exceeded',
    'payouts_not_allowed',
  ],
};

const stateCodes: readonly string[] = [
  'charge_already_captured',
  'payment_intent_unexpected_state',
];

/** What a step ends with that did not end with an object of Stripe that shows it. */
export const steppedAfter = {
  /** The answer was whole, and shows the charge as it was before. */
  unshown({ reference }: OutsideRequest): Ok<Contradicted> {
    return { kind: 'ok', value: { kind: 'contradicted', reference, detail: 'nothing was done' } };
  },

  /** The SDK threw. */
  error(
    error: unknown,
    request: OutsideRequest,
    askAgainAfterMs: number,
  ): Ok<OutsideAnswer> | Retry | Fail | Unknown {
    const trouble = troubleOf(error);
    const { step, reference, chargeId } = request;
    switch (trouble.kind) {
      case 'retry':
      case 'unknown':
        return again(trouble, askAgainAfterMs);
      case 'key-reused': {
        // Something stands under our key that we did not ask for: no proof that nothing was done.
        const detail = 'another request under our key';
        return { kind: 'ok', value: { kind: 'contradicted', reference, detail } };
      }
      case 'declined':
        return { kind: 'ok', value: declined(trouble, request) };
      case 'refused': {
        const value = standsNow(trouble.intent, request);
        if (value !== undefined) return { kind: 'ok', value };
        // Refused for its state, and we are not shown which: it may be the one we wanted.
        if (stateCodes.includes(trouble.code) && readIntent(trouble.intent) === undefined) {
          return { kind: 'unknown', reason: `refused-${trouble.code}`, askAgainAfterMs };
        }
        if (final[step]?.includes(trouble.code) !== true) return refusal(trouble.code);
        const charge = chargeId !== undefined && { chargeId };
        return {
          kind: 'ok',
          value: { kind: 'declined', reference, ...charge, declineCode: trouble.code },
        };
      }
    }
  },
};

/** What a look-up ends with when the SDK threw: a question cannot be refused for good. */
export function foundAfter(error: unknown, askAgainAfterMs: number): Retry | Unknown {
  const trouble = troubleOf(error);
  switch (trouble.kind) {
    case 'retry':
    case 'unknown':
      return again(trouble, askAgainAfterMs);
    case 'key-reused':
      return { kind: 'unknown', reason: 'key-reused', askAgainAfterMs };
    case 'declined':
    case 'refused':
      // `resource_missing` too: a key of another account sees none of our charges.
      return { kind: 'unknown', reason: `refused-${trouble.code}`, askAgainAfterMs };
  }
}

/** Certainly refused, with Stripe's own code or ours as the cause. */
export function refusal(cause: string): Fail {
  return {
    kind: 'fail',
    code: 'provider-refused',
    message: `stripe refused the request: ${cause}`,
    cause,
  };
}

/** An answer that is no object we know: it proves nothing. */
export function unreadable(askAgainAfterMs: number): Unknown {
  return { kind: 'unknown', reason: 'unreadable-answer', askAgainAfterMs };
}

type Again = Extract<Trouble, { kind: 'retry' | 'unknown' }>;

function again(trouble: Again, askAgainAfterMs: number): Retry | Unknown {
  const { kind, reason } = trouble;
  return kind === 'retry'
    ? { kind, reason, attempt: 1, nextRetryAfterMs: trouble.afterMs }
    : { kind, reason, askAgainAfterMs: trouble.afterMs ?? askAgainAfterMs };
}

function declined(
  { code, intent }: Extract<Trouble, { kind: 'declined' }>,
  { reference, chargeId }: OutsideRequest,
): Declined {
  const id = chargeId ?? readIntent(intent)?.id;
  return {
    kind: 'declined',
    reference,
    ...(id !== undefined && { chargeId: id }),
    declineCode: code,
  };
}

/**
 * A capture or void that was refused because it is done, or under way: its first answer was lost
 * and its key has expired. The error carries the intent as it stands.
 */
function standsNow(json: unknown, request: OutsideRequest): OutsideAnswer | undefined {
  if (request.step !== 'capture' && request.step !== 'void') return undefined;
  const intent = readIntent(json);
  const value = intent && standingOf(intent, request);
  const isSo = value?.kind === 'captured' || value?.kind === 'voided' || value?.kind === 'pending';
  return isSo ? value : undefined;
}
