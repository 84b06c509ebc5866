import { Stripe } from 'stripe';
import { expect, test } from 'vitest';
import { createStripeWebhooks } from '../../src/providers/stripe/index.js';

const secret = 'whsec_current';
const older = 'whsec_older';
const nowMs = 1_790_000_000_000;
const reference = 'op_one:charge.1:1';
const captureReference = 'op_one:capture.1:1';
const usd = { minor: 12_50, currency: 'USD' };
const at = nowMs - 7_000;
const event = { kind: 'event', id: 'evt_one', at };
const refused = (code: string) => ({ kind: 'refused', code });

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
  const json = { id: 'evt_one', object: 'event', type, livemode: true, created: at / 1_000 };
  return Buffer.from(JSON.stringify({ ...json, data: { object }, ...more }));
}

function signatureOf(body: Buffer, { by = secret, skewSeconds = 0 } = {}): string {
  return Stripe.webhooks.generateTestHeaderString({
    payload: body.toString(),
    secret: by,
    timestamp: nowMs / 1_000 + skewSeconds,
  });
}

/** Read with a live key. */
function read(body: Uint8Array, signature: string | undefined, secrets = [secret, older]) {
  const headers = { 'stripe-signature': signature };
  return createStripeWebhooks({ secrets, live: true }).read(body, headers, nowMs);
}

test('reads a signed event as evidence for the reference of its charge', () => {
  const body = bodyOf('payment_intent.succeeded', intent);

  expect(read(body, signatureOf(body))).toEqual({
    ...event,
    type: 'payment_intent.succeeded',
    reference,
    evidence: { kind: 'captured', reference, chargeId: 'pi_one', ...usd },
  });
});

test('believes either secret while one replaces the other, and no third', () => {
  const body = bodyOf('payment_intent.succeeded', intent);
  const readBy = (by: string) => read(body, signatureOf(body, { by }));

  expect(readBy(secret)).toMatchObject(event);
  expect(readBy(older)).toMatchObject(event);
  expect(readBy('whsec_stranger')).toEqual(refused('signature-invalid'));
  const after = read(body, signatureOf(body, { by: older }), [secret]);
  expect(after).toEqual(refused('signature-invalid'));
});

test.each([
  [-301, refused('timestamp-invalid')],
  [-300, event],
  [0, event],
  [300, event],
  [301, refused('timestamp-invalid')],
  [31_536_000, refused('timestamp-invalid')],
])('bounds the time of an event signed %d s from now', (skewSeconds, understood) => {
  const body = bodyOf('payment_intent.succeeded', intent);

  expect(read(body, signatureOf(body, { skewSeconds }))).toMatchObject(understood);
});

test('does not believe a body that somebody has changed', () => {
  const body = bodyOf('payment_intent.succeeded', intent);
  const tampered = Buffer.from(body.toString().replaceAll('1250', '9950'));
  const rewritten = Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 1));

  expect(tampered).not.toEqual(body);
  expect(read(tampered, signatureOf(body))).toEqual(refused('signature-invalid'));
  expect(read(rewritten, signatureOf(body))).toEqual(refused('signature-invalid'));
});

test.each<[string, (signature: string) => string | undefined, string]>([
  ['none', () => undefined, 'signature-required'],
  ['an empty one', () => '', 'signature-required'],
  ['another text', () => 'signed, yours', 'signature-required'],
  ['one without a time', (signature) => signature.replace(/t=\d+,/, ''), 'signature-required'],
  ['one with another time', (signature) => signature.replace(/t=\d/, 't=2'), 'timestamp-invalid'],
  ['one with a time close by', (s) => s.replace(/t=(\d+)\d/, 't=$13'), 'signature-invalid'],
  ['one with two times', (signature) => `t=${nowMs / 1_000 + 9},${signature}`, 'timestamp-invalid'],
  ['one with words behind its time', (s) => s.replace(/t=(\d+)/, 't=$1x'), 'timestamp-invalid'],
  ['one of another scheme', (signature) => signature.replace('v1=', 'v0='), 'signature-invalid'],
])('does not believe an event whose signature is %s', (_name, change, reason) => {
  const body = bodyOf('payment_intent.succeeded', intent);

  expect(read(body, change(signatureOf(body)))).toEqual(refused(reason));
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
    // Captured by somebody else, in the dashboard for one.
    'payment_intent.succeeded',
    manual,
    { reference, evidence: { kind: 'contradicted', reference, detail: 'the charge is captured' } },
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

  expect(read(body, signatureOf(body))).toMatchObject({ ...event, type, ...told });
});

test.each<[string, object]>([
  ['payment_intent.succeeded', { ...intent, metadata: {} }],
  ['payment_intent.succeeded', { ...manual, metadata: { reference: '' } }],
  ['payment_intent.succeeded', { ...intent, metadata: { reference: 'order 7' } }],
  ['customer.created', { id: 'cus_one', object: 'customer' }],
])('reads %s of %o without evidence: none of it is ours', (type, object) => {
  const body = bodyOf(type, object);

  expect(read(body, signatureOf(body))).toEqual({ ...event, type });
});

test('names the reference of an event that it cannot understand', () => {
  const body = bodyOf('payment_intent.succeeded', { ...intent, currency: 'xyz' });

  expect(read(body, signatureOf(body))).toEqual({
    ...event,
    type: 'payment_intent.succeeded',
    reference,
  });
});

test.each([
  ['of test mode', { livemode: false }],
  ['of no mode', { livemode: undefined }],
  ['of a connected account', { account: 'acct_other' }],
])('says of an event %s that it is not for us', (_name, more) => {
  const body = bodyOf('payment_intent.succeeded', intent, more);

  expect(read(body, signatureOf(body))).toMatchObject({ ...event, unfit: 'other-environment' });
});

test('is as old as its signature when it does not say', () => {
  const body = bodyOf('payment_intent.succeeded', intent, { created: 'today' });

  expect(read(body, signatureOf(body, { skewSeconds: -3 }))).toMatchObject({ at: nowMs - 3_000 });
});

test.each([
  ['a byte order mark before it', '\ufeff{"id":"evt_one"}', Buffer.from('{"id":"evt_one"}')],
  ['other broken characters', '\ufffd', Buffer.from([0xff])],
])('takes no body for another that differs by %s', (_name, text, body) => {
  const signature = signatureOf(Buffer.from(text));

  expect(read(Buffer.from(text), signature)).toEqual({ kind: 'unreadable' });
  expect(read(body, signature)).toEqual(refused('signature-invalid'));
});

test.each([['{"id":"evt_one"'], ['null'], ['17'], ['{}']])(
  'cannot read %s, though it is signed',
  (text) => {
    const body = Buffer.from(text);

    expect(read(body, signatureOf(body)).kind).toBe('unreadable');
  },
);

test.each([[[]], [['']], [['sk_test_not_a_secret']], [['whsec_']], [[secret, older, 'whsec_3']]])(
  'cannot read events with the secrets %o',
  (secrets) => {
    expect(() => createStripeWebhooks({ secrets, live: true })).toThrow(RangeError);
  },
);
