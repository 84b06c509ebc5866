import { Stripe } from 'stripe';
import { expect, test } from 'vitest';
import { createStripeWebhooks } from '../../src/providers/stripe/index.js';

const secret = 'whsec_current';
const older = 'whsec_older';
const nowMs = 1_790_000_000_000;
const reference = 'op_one:charge.1:1';
const captureReference = 'op_one:capture.1:1';
const usd = { minor: 12_50, currency: 'USD' };
const event = { kind: 'event', id: 'evt_one', livemode: true };
const refused = (reason: string) => ({ kind: 'refused', reason });

const intent = {
  id: 'pi_one',
  object: 'payment_intent',
  status: 'succeeded',
  amount: 12_50,
  amount_received: 12_50,
  currency: 'usd',
  capture_method: 'automatic',
  metadata: { reference },
};

function bodyOf(type: string, object: object, more: object = {}): Buffer {
  const json = { id: 'evt_one', object: 'event', type, livemode: true, data: { object }, ...more };
  return Buffer.from(JSON.stringify(json));
}

function signatureOf(body: Buffer, { by = secret, skewSeconds = 0 } = {}): string {
  return Stripe.webhooks.generateTestHeaderString({
    payload: body.toString(),
    secret: by,
    timestamp: nowMs / 1_000 + skewSeconds,
  });
}

function someWebhooks(secrets = [secret, older]) {
  return createStripeWebhooks({ secrets, now: () => nowMs });
}

test('reads a signed event as evidence for the reference of its charge', () => {
  const body = bodyOf('payment_intent.succeeded', intent);

  expect(someWebhooks().read(body, signatureOf(body))).toEqual({
    ...event,
    type: 'payment_intent.succeeded',
    reference,
    evidence: { kind: 'captured', reference, chargeId: 'pi_one', ...usd },
  });
});

test('believes either secret while one replaces the other, and no third', () => {
  const body = bodyOf('payment_intent.succeeded', intent);
  const read = (by: string) => someWebhooks().read(body, signatureOf(body, { by }));

  expect(read(secret)).toMatchObject(event);
  expect(read(older)).toMatchObject(event);
  expect(read('whsec_stranger')).toEqual(refused('bad-signature'));
  const after = someWebhooks([secret]).read(body, signatureOf(body, { by: older }));
  expect(after).toEqual(refused('bad-signature'));
});

test.each([
  [-301, refused('outside-tolerance')],
  [-300, event],
  [0, event],
  [300, event],
  [301, refused('outside-tolerance')],
  [31_536_000, refused('outside-tolerance')],
])('bounds the time of an event signed %d s from now', (skewSeconds, understood) => {
  const body = bodyOf('payment_intent.succeeded', intent);

  const read = someWebhooks().read(body, signatureOf(body, { skewSeconds }));

  expect(read).toMatchObject(understood);
});

test('does not believe a body that somebody has changed', () => {
  const body = bodyOf('payment_intent.succeeded', intent);
  const tampered = Buffer.from(body.toString().replaceAll('1250', '9950'));
  const rewritten = Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1));

  expect(tampered).not.toEqual(body);
  expect(someWebhooks().read(tampered, signatureOf(body))).toEqual(refused('bad-signature'));
  expect(someWebhooks().read(rewritten, signatureOf(body))).toEqual(refused('bad-signature'));
});

test.each<[string, (signature: string) => string | undefined, string]>([
  ['none', () => undefined, 'no-signature'],
  ['an empty one', () => '', 'no-signature'],
  ['another text', () => 'signed, yours', 'bad-signature'],
  ['one without a time', (signature) => signature.replace(/t=\d+,/, ''), 'bad-signature'],
  ['one with another time', (signature) => signature.replace(/t=\d/, 't=2'), 'bad-signature'],
  ['one with two times', (signature) => `t=${nowMs / 1_000 + 9},${signature}`, 'bad-signature'],
  ['one with words behind its time', (s) => s.replace(/t=(\d+)/, 't=$1x'), 'bad-signature'],
  ['one of another scheme', (signature) => signature.replace('v1=', 'v0='), 'bad-signature'],
])('does not believe an event whose signature is %s', (_name, change, reason) => {
  const body = bodyOf('payment_intent.succeeded', intent);

  expect(someWebhooks().read(body, change(signatureOf(body)))).toEqual(refused(reason));
});

const manual = { ...intent, capture_method: 'manual' };
const both = { reference, capture_reference: captureReference };
const refund = { ...intent, id: 're_one', object: 'refund', payment_intent: 'pi_one' };
const payout = { ...intent, id: 'po_one', object: 'payout', status: 'paid' };
const error = { code: 'card_declined', decline_code: 'stolen_card' };

test.each<[string, object, object]>([
  [
    'payment_intent.amount_capturable_updated',
    { ...manual, status: 'requires_capture', amount_received: 0 },
    { reference, evidence: { kind: 'authorized', reference, chargeId: 'pi_one', ...usd } },
  ],
  [
    'payment_intent.succeeded',
    { ...manual, amount_received: 10_00, metadata: both },
    { reference: captureReference, evidence: { kind: 'captured', minor: 10_00 } },
  ],
  [
    'payment_intent.canceled',
    { ...manual, status: 'canceled', amount_received: 0 },
    { reference, evidence: { kind: 'voided', reference, chargeId: 'pi_one' } },
  ],
  [
    'payment_intent.payment_failed',
    { ...intent, status: 'requires_payment_method', last_payment_error: error },
    { reference, evidence: { kind: 'declined', declineCode: 'stolen_card' } },
  ],
  [
    'payment_intent.processing',
    { ...intent, status: 'processing' },
    { evidence: { kind: 'pending' } },
  ],
  [
    'refund.created',
    refund,
    { reference, evidence: { kind: 'refunded', reference, chargeId: 'pi_one', ...usd } },
  ],
  [
    'refund.failed',
    { ...refund, status: 'failed', failure_reason: 'lost_or_stolen_card' },
    { reference, evidence: { kind: 'declined', declineCode: 'lost_or_stolen_card' } },
  ],
  [
    'payout.paid',
    payout,
    { reference, evidence: { kind: 'paid-out', payoutId: 'po_one', ...usd } },
  ],
  ['payout.canceled', { ...payout, status: 'canceled' }, { evidence: { kind: 'declined' } }],
])('understands %s of %o', (type, object, told) => {
  const body = bodyOf(type, object);

  expect(someWebhooks().read(body, signatureOf(body))).toMatchObject({ ...event, type, ...told });
});

test.each<[string, object]>([
  ['payment_intent.succeeded', { ...intent, metadata: {} }],
  ['payment_intent.succeeded', { ...manual, metadata: { reference: '' } }],
  ['customer.created', { id: 'cus_one', object: 'customer' }],
])('reads %s of %o without evidence: none of it is ours', (type, object) => {
  const body = bodyOf(type, object);

  const read = someWebhooks().read(body, signatureOf(body));

  expect(read).toEqual({ ...event, type, reference: undefined });
});

test('names the reference of an event that it cannot understand', () => {
  const body = bodyOf('payment_intent.succeeded', { ...intent, currency: 'xyz' });

  const read = someWebhooks().read(body, signatureOf(body));

  expect(read).toEqual({ ...event, type: 'payment_intent.succeeded', reference });
});

test('tells events of test mode from real ones', () => {
  const body = bodyOf('payment_intent.succeeded', intent, { livemode: false });

  expect(someWebhooks().read(body, signatureOf(body))).toMatchObject({ livemode: false });
});

test.each([['{"id":"evt_one"'], ['null'], ['17'], ['{}']])(
  'refuses %s, though it is signed',
  (text) => {
    const body = Buffer.from(text);

    expect(someWebhooks().read(body, signatureOf(body)).kind).toBe('refused');
  },
);

test.each([[[]], [['']], [['sk_test_not_a_secret']], [['whsec_']], [[secret, older, 'whsec_3']]])(
  'cannot read events with the secrets %o',
  (secrets) => {
    expect(() => createStripeWebhooks({ secrets })).toThrow(RangeError);
  },
);
