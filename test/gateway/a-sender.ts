import { createHmac } from 'node:crypto';
import { sandboxSecrets, stripeSecrets } from './a-gateway.js';

/** What an event says. */
export interface Told {
  readonly type: string;
  readonly data: object;
}

/** A charge of 30.00 EUR that an event is about, unless it says otherwise. */
export interface Charge {
  readonly reference: string;
  /** `ch_1` by default. */
  readonly id?: string;
  readonly amount?: number;
  readonly currency?: string;
  readonly metadata?: Record<string, string>;
}

/** A provider as the gateway hears it. */
export interface Sender {
  readonly provider: 'sandbox' | 'stripe';
  readonly signatureHeader: string;
  /** What it signs with, and what it signed with before. */
  readonly secret: Uint8Array;
  readonly older: Uint8Array;
  /** The event as it is sent, signed at that time of its own. */
  signed(
    event: Told & { readonly eventId: string },
    at: string,
    secret: Uint8Array,
  ): { readonly body: string; readonly headers: Record<string, string> };
  captured(charge: Charge): Told;
  declined(charge: Charge): Told;
  refunded(charge: Charge): Told;
  /** Something that a later release of it may tell. */
  readonly unheardOf: Told;
}

/** Standard Webhooks. */
export const sandbox: Sender = {
  provider: 'sandbox',
  signatureHeader: 'webhook-signature',
  secret: sandboxSecrets[0],
  older: sandboxSecrets[1],
  signed({ eventId, type, data }, at, secret) {
    const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data });
    const hmac = createHmac('sha256', secret).update(`${eventId}.${at}.${body}`);
    const signature = `v1,${hmac.digest('base64')}`;
    const headers = { 'webhook-id': eventId, 'webhook-timestamp': at };
    return { body, headers: { ...headers, 'webhook-signature': signature } };
  },
  captured: (charge) => ({ type: 'charge.captured', data: sandboxCharge(charge) }),
  declined: (charge) => ({ type: 'charge.declined', data: sandboxCharge(charge) }),
  refunded: ({ id, ...charge }) => ({
    type: 'charge.refunded',
    data: { ...sandboxCharge({ ...charge, id: 're_1' }), chargeId: id },
  }),
  unheardOf: { type: 'dispute.opened', data: { id: 'dp_1' } },
};

function sandboxCharge(charge: Charge): object {
  const whole = { id: 'ch_1', amount: 30_00, currency: 'EUR', capturedAmount: 30_00 };
  return { ...whole, refundedAmount: 0, ...charge };
}

/** Events of test mode, `stripe-signature`. */
export const stripe = {
  provider: 'stripe',
  signatureHeader: 'stripe-signature',
  secret: Buffer.from(stripeSecrets[0]),
  older: Buffer.from(stripeSecrets[1]),
  signed({ eventId: id, type, data }, at, secret) {
    const created = Math.floor(Date.now() / 1_000);
    const body = JSON.stringify({ id, object: 'event', type, created, livemode: false, ...data });
    const hmac = createHmac('sha256', secret).update(`${at}.${body}`);
    return { body, headers: { 'stripe-signature': `t=${at},v1=${hmac.digest('hex')}` } };
  },
  captured: (charge) => of('payment_intent.succeeded', intent(charge)),
  declined: (charge) => {
    const error = { code: 'card_declined', decline_code: 'generic_decline' };
    const refused = { status: 'requires_payment_method', last_payment_error: error };
    return of('payment_intent.payment_failed', { ...intent(charge), ...refused });
  },
  refunded: ({ id, ...charge }) =>
    of('refund.created', {
      ...{ ...intent({ ...charge, id: 're_1' }), object: 'refund', payment_intent: id },
    }),
  unheardOf: of('radar.guess.made', { id: 'rg_1', object: 'radar.guess' }),
} as const satisfies Sender;

function of(type: string, object: object): Told {
  return { type, data: { data: { object } } };
}

function intent({ reference, metadata = {}, currency = 'EUR', ...charge }: Charge): object {
  return {
    ...{ id: 'ch_1', object: 'payment_intent', status: 'succeeded', amount: 30_00 },
    ...{ amount_received: 30_00, capture_method: 'automatic', ...charge },
    ...{ currency: currency.toLowerCase(), metadata: { ...metadata, reference } },
  };
}

/** Everybody whose events the gateway takes. */
export const senders: readonly Sender[] = [sandbox, stripe];
