import { createHmac, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, test } from 'vitest';
import { createSandboxWebhooks } from '../../src/providers/sandbox/index.js';

const secret = randomBytes(32);
const next = randomBytes(32);
const reader = createSandboxWebhooks({ secrets: [secret] });
const nowMs = 1_800_000_000_500;
const nowSeconds = 1_800_000_000;
const reference = 'op_jq2k5xw7m3tdzr6n4hcv2aeyp5sg7bul:charge.1:1';
const charge = {
  ...{ id: 'ch_1', reference, status: 'captured', amount: 30_00, currency: 'EUR' },
  ...{ capturedAmount: 30_00, refundedAmount: 0, metadata: { email: 'ada@example.com' } },
};
const timestamp = '2027-01-15T08:00:00.000Z';
const bodyOf = (type: string, data: object) => JSON.stringify({ type, timestamp, data });
const body = bodyOf('charge.captured', charge);

interface Sent {
  readonly id?: string;
  readonly at?: string;
  readonly signature?: string | undefined;
  readonly body?: string | Buffer;
  readonly without?: string;
}

/** By the letter of the standard, as anybody would sign. */
function signed(by: Uint8Array, id: string, at: string, text: string | Buffer = body): string {
  return createHmac('sha256', by).update(`${id}.${at}.`).update(text).digest('base64');
}

function read(sent: Sent = {}, by = reader) {
  const { id = 'msg_1', at = `${nowSeconds}` } = sent;
  const { signature = `v1,${signed(secret, id, at, sent.body)}` } = sent;
  const all = { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature };
  const headers = Object.fromEntries(
    Object.entries(all).filter(([name]) => name !== `webhook-${sent.without}`),
  );
  return by.read(Buffer.from(sent.body ?? body), headers, nowMs);
}

describe('a signature', () => {
  const good = signed(secret, 'msg_1', `${nowSeconds}`);
  const hex = Buffer.from(good, 'base64').toString('hex');
  const invalid = 'signature-invalid';
  const required = 'signature-required';

  test('made by the library of the standard is taken', () => {
    const made = new Webhook(secret.toString('base64')).sign('msg_1', new Date(nowMs), body);

    expect(read({ signature: made })).toMatchObject({ kind: 'event', id: 'msg_1' });
  });

  test.each<[string, Sent, string]>([
    ['that is missing', { without: 'signature' }, required],
    ['that is empty', { signature: '' }, required],
    ['without an id', { without: 'id' }, required],
    ['without a timestamp', { without: 'timestamp' }, required],
    ['of another secret', { signature: `v1,${signed(next, 'msg_1', `${nowSeconds}`)}` }, invalid],
    [
      'of an empty secret',
      { signature: `v1,${signed(Buffer.alloc(0), 'msg_1', `${nowSeconds}`)}` },
      invalid,
    ],
    ['of another id', { id: 'msg_2', signature: `v1,${good}` }, invalid],
    ['of another moment', { at: `${nowSeconds + 1}`, signature: `v1,${good}` }, invalid],
    ['of an empty body', { body: '', signature: `v1,${good}` }, invalid],
    ['of the same JSON with a space', { body: `${body} `, signature: `v1,${good}` }, invalid],
    [
      'of the same text in another charset',
      { body: Buffer.from(body, 'utf16le'), signature: `v1,${good}` },
      invalid,
    ],
    ['in upper-case hex', { signature: `v1,${hex.toUpperCase()}` }, invalid],
    ['in lower-case hex', { signature: `v1,${hex}` }, invalid],
    ['of the scheme v0', { signature: `v0=${hex}` }, invalid],
    ['of the scheme v1a', { signature: `v1a,${good}` }, invalid],
    ['with an upper-case scheme', { signature: `V1,${good}` }, invalid],
    ['without a scheme', { signature: good }, invalid],
    ['that says only its scheme', { signature: 'v1,' }, invalid],
    ['that is truncated', { signature: `v1,${good.slice(0, -4)}` }, invalid],
    ['without its padding', { signature: `v1,${good.slice(0, -1)}` }, invalid],
    ['that goes on', { signature: `v1,${good}A` }, invalid],
    ['after more than fit', { signature: `${'v1,x '.repeat(16)}v1,${good}` }, invalid],
    ['of an id with a dot', { id: 'msg.1' }, invalid],
    ['of an id with a space', { id: 'msg 1' }, invalid],
  ])('%s is refused', (_, sent, code) => {
    expect(read(sent)).toEqual({ kind: 'refused', code });
  });

  test('counts among others, of other schemes and other secrets', () => {
    const others = `v1a,${good} v1,${signed(next, 'msg_1', `${nowSeconds}`)}`;

    expect(read({ signature: `${others} v1,${good}` }).kind).toBe('event');
  });

  test('of the old secret is good during rotation and not after', () => {
    const during = createSandboxWebhooks({ secrets: [next, secret] });
    const after = createSandboxWebhooks({ secrets: [next] });
    const byNext = { signature: `v1,${signed(next, 'msg_1', `${nowSeconds}`)}` };

    expect([read({}, during).kind, read(byNext, during).kind]).toEqual(['event', 'event']);
    expect([read({}, after).kind, read(byNext, after).kind]).toEqual(['refused', 'event']);
  });

  test.each([[[]], [[Buffer.alloc(0)]], [[secret, Buffer.alloc(0)]]])(
    'is not checked with secrets that are none (%#)',
    (secrets) => {
      expect(() => createSandboxWebhooks({ secrets })).toThrow(RangeError);
    },
  );
});

describe('a timestamp', () => {
  test.each([-300, -1, 0, 1, 300])('%d s from now is in time', (seconds) => {
    expect(read({ at: `${nowSeconds + seconds}` }).kind).toBe('event');
  });

  test.each([
    ['301 s old', `${nowSeconds - 301}`],
    ['301 s ahead', `${nowSeconds + 301}`],
    ['in milliseconds', `${nowMs}`],
    ['with a fraction', `${nowSeconds}.5`],
    ['below zero', `-${nowSeconds}`],
    ['with a sign', `+${nowSeconds}`],
    ['with an exponent', '1.8e9'],
    ['in hex', `0x${nowSeconds.toString(16)}`],
    ['as a date', timestamp],
    ['with spaces', ` ${nowSeconds}`],
    ['of two headers', `${nowSeconds}, ${nowSeconds}`],
    ['without digits', 'now'],
    ['of 400 digits', '9'.repeat(400)],
  ])('%s is refused, however well it is signed', (_, at) => {
    expect(read({ at })).toEqual({ kind: 'refused', code: 'timestamp-invalid' });
  });
});

describe('a genuine message', () => {
  const step = (name: string) => reference.replace('charge.1', name);
  const evidenceOf = (type: string, data: object) => {
    const event = read({ body: bodyOf(type, data) });
    return event.kind === 'event' ? event.evidence : event;
  };
  const sum = { minor: 30_00, currency: 'EUR' };

  test('says what happened, to whom and when, and nothing else', () => {
    expect(read()).toEqual({
      ...{ kind: 'event', id: 'msg_1', type: 'charge.captured', reference },
      evidence: { kind: 'captured', reference, chargeId: 'ch_1', ...sum },
      at: Date.parse(timestamp),
    });
  });

  test.each<[string, string, object, object]>([
    [
      'a capture, with its own amount',
      'charge.captured',
      {
        ...{ ...charge, id: 'cap_1', chargeId: 'ch_1', reference: step('capture.2') },
        ...{ amount: 7_00, capturedAmount: 25_00 },
      },
      { kind: 'captured', reference: step('capture.2'), chargeId: 'ch_1', ...sum, minor: 7_00 },
    ],
    [
      'an authorisation',
      'charge.authorized',
      { ...charge, reference: step('authorize.1'), expiresAt: '2027-01-22T08:00:00Z' },
      {
        ...{ kind: 'authorized', reference: step('authorize.1'), chargeId: 'ch_1', ...sum },
        expiresAt: Date.parse('2027-01-22T08:00:00Z'),
      },
    ],
    [
      'a decline',
      'charge.declined',
      { ...charge, status: 'declined', declineCode: 'do_not_honor' },
      { kind: 'declined', reference, chargeId: 'ch_1', declineCode: 'do_not_honor' },
    ],
    [
      'a decline that says no reason we may keep',
      'charge.declined',
      { ...charge, declineCode: 'Ada Lovelace has no money' },
      { kind: 'declined', reference, chargeId: 'ch_1', declineCode: 'declined' },
    ],
    [
      'a void',
      'charge.voided',
      { id: 'ch_1', reference: step('void.1') },
      { kind: 'voided', reference: step('void.1'), chargeId: 'ch_1' },
    ],
    ['an expiry', 'charge.expired', charge, { kind: 'voided', reference, chargeId: 'ch_1' }],
    [
      'a refund',
      'charge.refunded',
      { ...charge, id: 're_1', chargeId: 'ch_1', reference: step('refund.1'), amount: 5_00 },
      { kind: 'refunded', reference: step('refund.1'), chargeId: 'ch_1', ...sum, minor: 5_00 },
    ],
    [
      'a payout',
      'payout.paid',
      { ...charge, id: 'po_1', reference: step('payout.1') },
      { kind: 'paid-out', reference: step('payout.1'), payoutId: 'po_1', ...sum },
    ],
    [
      'a failed payout',
      'payout.failed',
      { ...charge, id: 'po_1', reference: step('payout.1'), declineCode: 'account_closed' },
      { kind: 'declined', reference: step('payout.1'), declineCode: 'account_closed' },
    ],
  ])('is evidence of %s', (_, type, data, evidence) => {
    expect(evidenceOf(type, data)).toEqual(evidence);
  });

  test.each<[string, string, object]>([
    ['no amount', 'charge.captured', { amount: undefined }],
    ['a fraction', 'charge.captured', { amount: 30.5 }],
    ['an amount in quotes', 'charge.captured', { amount: '3000' }],
    ['nothing', 'charge.captured', { amount: 0 }],
    ['less than nothing', 'charge.refunded', { amount: -1 }],
    ['more than can be counted', 'payout.paid', { amount: 2 ** 53 }],
    ['no such currency', 'charge.captured', { currency: 'XXX' }],
    ['a currency in small letters', 'charge.authorized', { currency: 'eur' }],
    ['no id', 'charge.captured', { id: undefined }],
    ['an id with a space', 'charge.voided', { id: 'ch 1' }],
    ['part of the charge', 'charge.captured', { capturedAmount: 29_99 }],
  ])('of %s (%s) contradicts, for the operation to judge', (_, type, wrong) => {
    expect(evidenceOf(type, { ...charge, ...wrong })).toMatchObject({
      kind: 'contradicted',
      reference,
    });
  });

  test.each([
    ['of a type we do not know', 'dispute.opened', charge],
    ['that names no step of ours', 'charge.captured', { ...charge, reference: 'ada@example.com' }],
    ['without a reference', 'charge.captured', { ...charge, reference: undefined }],
  ])('%s is an event without evidence', (_, type, data) => {
    const event = read({ body: bodyOf(type, data) });

    expect(event).toMatchObject({ kind: 'event', type });
    expect(event).not.toHaveProperty('evidence');
    expect(JSON.stringify(event)).not.toContain('ada@');
  });

  test('without a moment of its own happened when it was sent', () => {
    const event = read({ body: JSON.stringify({ type: 'charge.captured', data: charge }) });

    expect(event).toMatchObject({ kind: 'event', at: nowSeconds * 1_000 });
  });

  test.each([
    ['no JSON', '{'],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['nothing', ''],
    ['null', 'null'],
    ['a batch', `[${body}]`],
    ['without a type', JSON.stringify({ data: charge })],
    ['of a type with a line break', bodyOf('charge\n', charge)],
    ['without data', JSON.stringify({ type: 'charge.captured' })],
  ])('that is %s cannot be read', (_, text) => {
    expect(read({ body: text })).toEqual({ kind: 'unreadable' });
  });
});
