import { expect, test } from 'vitest';
import type { FaultRule } from '../../src/providers/sandbox/index.js';
import { aSandbox } from './a-sandbox.js';

const reference = 'op_one:payout.1:1';
const order = { reference, amount: 80_00, currency: 'EUR', destination: 'acct_driver' };
const insufficient = { declineCode: 'insufficient_funds' };

/** The fault; the answer; what the look-up shows when its time has come. */
const payouts: [FaultRule | undefined, object, object][] = [
  [undefined, { status: 'paid' }, { status: 'paid' }],
  [{ fault: 'decline' }, { status: 'failed', ...insufficient }, { status: 'failed' }],
  [{ fault: 'pending', delayMs: 60_000 }, { status: 'pending' }, { status: 'paid' }],
  [
    { fault: 'pending', delayMs: 60_000, becomes: 'declined' },
    { status: 'pending' },
    { status: 'failed', ...insufficient },
  ],
  [{ fault: 'wrong-amount' }, { amount: 80_01 }, { amount: 80_01 }],
  [{ fault: 'wrong-currency' }, { currency: 'USD' }, { currency: 'USD' }],
];

test.each(payouts)('pays out under %o as %o', async (rule, answered, found) => {
  const sandbox = await aSandbox();
  if (rule) await sandbox.misbehave(rule);

  const { status, body } = await sandbox.send('POST', '/payouts', order, key(reference));
  await sandbox.send('POST', '/clock', { shiftMs: 60_000 });

  const whole = { ...order, id: expect.stringMatching(/^po_/) };
  expect([status, body]).toMatchObject([201, { ...whole, ...answered }]);
  const list = await sandbox.send('GET', '/payouts?reference=op_one');
  expect(list.body.data).toMatchObject([{ ...whole, ...found, id: body.id }]);
});

test('pays out once for 20 posts of one key at once, and again for nobody', async () => {
  const sandbox = await aSandbox();
  const post = (over: object = {}) =>
    sandbox.send('POST', '/payouts', { ...order, ...over }, key(reference));

  const answers = await Promise.all(Array.from({ length: 20 }, () => post()));
  const other = await post({ destination: 'acct_other' });

  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  expect([other.status, other.body.code]).toEqual([409, 'idempotency-key-reused']);
  const list = await sandbox.send('GET', `/payouts?reference=${reference}`);
  expect(list.body.data).toHaveLength(1);
});

test.each([
  [{ amount: -1 }, 'amount'],
  [{ currency: 'eur' }, 'currency'],
  [{ destination: undefined }, 'destination'],
  [{ destination: 'a b' }, 'destination'],
  [{ reference: 'a b' }, 'reference'],
  [{ metadata: {} }, 'metadata'],
])('refuses a payout with %o and names its field', async (over, path) => {
  const sandbox = await aSandbox();

  const answer = await sandbox.send('POST', '/payouts', { ...order, ...over }, key(reference));

  expect(answer.status).toBe(400);
  expect(answer.body.errors).toMatchObject([{ path }]);
});

test('pays out nothing without a key', async () => {
  const sandbox = await aSandbox();

  const { status, body } = await sandbox.send('POST', '/payouts', order);

  expect([status, body.code]).toEqual([400, 'idempotency-key-required']);
});

function key(text: string) {
  return { 'idempotency-key': text };
}
