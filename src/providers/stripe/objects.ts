import type { Declined, Money, NotFound, OutsideAnswer } from '../../domain/index.js';
import type { OutsideRequest } from '../provider.js';
import { moneyOf } from './amounts.js';
import { codeOf } from './errors.js';

/** What an object of Stripe is held against. */
export type Asked = Pick<OutsideRequest, 'step' | 'reference' | 'amount' | 'chargeId'>;

/** The metadata under which a capture writes its reference: `reference` is the authorisation's. */
export const captureReferenceKey = 'capture_reference';

/** A PaymentIntent, as far as we trust it. */
export interface Intent {
  readonly id: string;
  readonly status: string;
  readonly manual: boolean;
  readonly authorized: Money;
  readonly received: Money;
  readonly reference: string | undefined;
  readonly captureReference: string | undefined;
  readonly declineCode: string | undefined;
  readonly expiresAt: number | undefined;
}

/** A refund or a payout, as far as we trust it. */
export interface Movement {
  readonly object: 'refund' | 'payout';
  readonly id: string;
  readonly status: string;
  readonly amount: Money;
  readonly reference: string | undefined;
  readonly intentId: string | undefined;
  readonly failureCode: string | undefined;
}

/** A PaymentIntent; undefined for what is none, which proves nothing. */
export function readIntent(json: unknown): Intent | undefined {
  const id = idOf(field(json, 'id'));
  const status = field(json, 'status');
  const authorized = moneyOf(field(json, 'amount'), field(json, 'currency'));
  const received = moneyOf(field(json, 'amount_received'), field(json, 'currency'));
  if (field(json, 'object') !== 'payment_intent' || id === undefined) return undefined;
  if (typeof status !== 'string' || authorized === undefined || received === undefined) {
    return undefined;
  }
  const metadata = field(json, 'metadata');
  const error = field(json, 'last_payment_error');
  const details = field(field(json, 'latest_charge'), 'payment_method_details');
  const expires = field(field(details, 'card'), 'capture_before');
  return {
    id,
    status,
    manual: field(json, 'capture_method') === 'manual',
    authorized,
    received,
    reference: textOf(field(metadata, 'reference')),
    captureReference: textOf(field(metadata, captureReferenceKey)),
    declineCode: codeOf(field(error, 'decline_code')) ?? codeOf(field(error, 'code')),
    expiresAt: typeof expires === 'number' ? expires * 1_000 : undefined,
  };
}

/** A refund or a payout; undefined for what is neither. */
export function readMovement(json: unknown): Movement | undefined {
  const object = field(json, 'object');
  const id = idOf(field(json, 'id'));
  const status = field(json, 'status');
  const amount = moneyOf(field(json, 'amount'), field(json, 'currency'));
  if ((object !== 'refund' && object !== 'payout') || id === undefined) return undefined;
  if (typeof status !== 'string' || amount === undefined) return undefined;
  const failure = field(json, object === 'refund' ? 'failure_reason' : 'failure_code');
  return {
    object,
    id,
    status,
    amount,
    reference: textOf(field(field(json, 'metadata'), 'reference')),
    intentId: textOf(field(json, 'payment_intent')),
    failureCode: codeOf(failure),
  };
}

/** What a PaymentIntent proves of a step; `not-found` where it does not show the step yet. */
export function standingOf(intent: Intent, asked: Asked): OutsideAnswer | NotFound | undefined {
  const { step, reference, amount, chargeId } = asked;
  const wrong = (detail: string) => ({ kind: 'contradicted', reference, detail }) as const;
  if (chargeId !== undefined && intent.id !== chargeId) return wrong('another charge');
  if (intent.authorized.currency !== amount.currency) return wrong('another currency');
  if (step !== 'capture' && intent.authorized.minor !== amount.minor) {
    return wrong('another amount');
  }
  if (step === 'capture') return captureStanding(intent, asked);
  if (step === 'void') return voidStanding(intent, asked);
  if (intent.reference !== reference) return wrong('another reference');

  switch (intent.status) {
    case 'succeeded':
      if (step === 'authorize') return wrong('the charge is captured');
      if (intent.received.minor !== amount.minor) return wrong('another captured amount');
      return { kind: 'captured', reference, chargeId: intent.id, ...intent.received };
    case 'requires_capture':
      if (step === 'charge') return wrong('the charge is only authorized');
      return {
        kind: 'authorized',
        reference,
        chargeId: intent.id,
        ...intent.authorized,
        ...(intent.expiresAt !== undefined && { expiresAt: intent.expiresAt }),
      };
    case 'canceled':
      return { kind: 'voided', reference, chargeId: intent.id };
    case 'requires_action':
      // Only a holder of the client secret could go on from here, and nobody is given it.
      return declined(intent, reference, 'authentication_required');
    case 'requires_payment_method':
      // Without an error it is not confirmed yet: a look-up may show a moment of the past.
      return intent.declineCode === undefined
        ? { kind: 'pending', reference }
        : declined(intent, reference, intent.declineCode);
    case 'processing':
    case 'requires_confirmation':
      return { kind: 'pending', reference };
    default:
      return undefined;
  }
}

function captureStanding(intent: Intent, { reference, amount }: Asked) {
  const wrong = (detail: string) => ({ kind: 'contradicted', reference, detail }) as const;
  switch (intent.status) {
    case 'succeeded':
      if (intent.captureReference !== reference) return wrong('another capture');
      if (intent.received.minor !== amount.minor) return wrong('another captured amount');
      return { kind: 'captured', reference, chargeId: intent.id, ...intent.received } as const;
    case 'canceled':
      return declined(intent, reference, 'canceled');
    case 'processing':
      return { kind: 'pending', reference } as const;
    case 'requires_capture':
      return { kind: 'not-found', reference } as const;
    default:
      return undefined;
  }
}

function voidStanding(intent: Intent, { reference }: Asked) {
  const voided = { kind: 'voided', reference, chargeId: intent.id } as const;
  switch (intent.status) {
    case 'canceled':
      return voided;
    case 'succeeded':
      // The one capture that an intent has gave the rest back by itself.
      return intent.received.minor < intent.authorized.minor
        ? voided
        : declined(intent, reference, 'already_captured');
    case 'processing':
      return { kind: 'pending', reference } as const;
    default:
      return { kind: 'not-found', reference } as const;
  }
}

/** What a refund or a payout proves. */
export function movementStanding(movement: Movement, asked: Asked): OutsideAnswer | undefined {
  const { reference, amount, chargeId } = asked;
  const wrong = (detail: string) => ({ kind: 'contradicted', reference, detail }) as const;
  if (movement.object !== asked.step) return undefined;
  if (movement.reference !== reference) return wrong('another reference');
  if (movement.amount.currency !== amount.currency) return wrong('another currency');
  if (movement.amount.minor !== amount.minor) return wrong('another amount');
  if (movement.object === 'refund' && movement.intentId !== chargeId)
    return wrong('another charge');
  switch (movement.status) {
    case 'succeeded':
      return chargeId === undefined
        ? undefined
        : { kind: 'refunded', reference, chargeId, ...movement.amount };
    case 'paid':
      return { kind: 'paid-out', reference, payoutId: movement.id, ...movement.amount };
    case 'pending':
    case 'requires_action':
    case 'in_transit':
      return { kind: 'pending', reference };
    case 'failed':
    case 'canceled':
      return { kind: 'declined', reference, declineCode: movement.failureCode ?? movement.status };
    default:
      return undefined;
  }
}

/** A field of an answer; undefined where there is none. */
export function field(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, name)
    ? (json as Record<string, unknown>)[name]
    : undefined;
}

function declined({ id }: Intent, reference: string, declineCode: string): Declined {
  return { kind: 'declined', reference, chargeId: id, declineCode };
}

function idOf(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\x21-\x7e]{1,255}$/.test(value) ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.length > 0 ? value : undefined;
}
