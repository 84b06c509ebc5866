import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountId } from '../../src/domain/index.js';
import type { Answer, Sent } from './a-gateway.js';
import { aShop, type Shop } from './a-shop.js';

let shop: Shop;
let account: AccountId;
beforeAll(async () => {
  shop = await aShop();
  account = await shop.gateway.world.account(1_000_00, { owner: 'shop' });
});
afterAll(() => shop.gateway.stop());

/** Sends 30.00 out of the shop's account and waits for the end. */
function payOut(body: object = {}, sent: Sent = {}): Promise<Answer> {
  const whole = { account, amount: 30_00, currency: 'EUR', destination: 'bank_1' };
  return shop.gateway.send('POST', '/v1/payouts', {
    body: { ...whole, ...body },
    ...sent,
    headers: { 'idempotency-key': nanoid(), prefer: 'wait=20', ...sent.headers },
  });
}

describe('a payout', () => {
  test.each(['merchant', 'operator', 'admin'] as const)('is sent out by the %s', async (as) => {
    const before = await shop.gateway.world.available(account);
    const sub = as === 'merchant' ? 'shop' : 'ada';

    const { status, headers, body } = await payOut({ bizKey: 'friday' }, { as, sub });

    expect([status, body.state, body['domain']]).toEqual([200, 'COMPLETED', 'Payout']);
    expect(headers.get('location')).toBe(body.links.self);
    expect(body).toMatchObject({ account, bizKey: 'friday', amount: 30_00 });
    expect(body.outcome).toMatchObject({
      ...{ kind: 'settled', amount: 30_00 },
      payoutId: `po_${body.opId}:payout.1:1`,
    });
    expect(await shop.gateway.world.available(account)).toBe((before ?? 0) - 30_00);
  });

  test('under the same key is one payout, and names what differs from it', async () => {
    const headers = { 'idempotency-key': nanoid() };
    const first = await payOut({}, { headers });

    const again = await payOut({}, { headers });
    const other = await payOut({ destination: 'bank_2', amount: 1 }, { headers });

    expect([again.status, again.body]).toEqual([200, first.body]);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    expect(other.body['differs']).toEqual(['amount', 'destination']);
    expect(shop.till.moved(first.body.opId)).toEqual(['payout.1 3000']);
  });

  test('of more than there is is refused by the ledger', async () => {
    const { status, body } = await payOut({ amount: 99_999_00 });

    expect([status, body.outcome.code]).toEqual([402, 'insufficient-funds']);
    expect(shop.till.moved(body.opId)).toEqual([]);
  });
});

describe('a payout that is refused early leaves no row and no workflow:', () => {
  const refused = (body: object, sent: Sent = {}) =>
    shop.refusal(
      (headers) => payOut(body, { ...sent, headers }),
      (headers) => payOut({ amount: 1 }, { headers }),
    );

  test.each([
    ['nothing', { amount: 0 }, 'amount-not-positive'],
    ['a text', { amount: '1' }, 'amount-invalid'],
    ['no currency of ours', { currency: 'XXX' }, 'currency-invalid'],
    ['another currency', { currency: 'USD' }, 'currency-mismatch'],
    ['nowhere', { destination: undefined }, 'field-required'],
    ['to an empty place', { destination: '' }, 'text-invalid'],
    ['to an account number', { destination: 'DE89 3704 0044' }, 'text-invalid'],
    ['to a number', { destination: '4111111111111111' }, 'text-invalid'],
    ['to a place too long', { destination: 'b'.repeat(65) }, 'text-too-long'],
    ['with a fee', { fee: 1 }, 'unknown-field'],
    ['for another tenant', { tenantId: 'other' }, 'unknown-field'],
  ])('%s', async (_, body, code) => {
    expect(await refused(body)).toEqual([422, code]);
  });

  test.each(['closed', 'frozen'])('out of a %s account', async (status) => {
    const other = await shop.gateway.world.account(status === 'closed' ? 0 : 10_00);
    const path = `/v1/accounts/${other}`;
    const { headers } = await shop.gateway.send('GET', path);
    const edited = await shop.gateway.send('PATCH', path, {
      body: { status },
      headers: { 'if-match': headers.get('etag') ?? '' },
    });

    expect(edited.status).toBe(200);
    expect(await refused({ account: other })).toEqual([409, `account-${status}`]);
  });

  test.each<[string, object, Sent]>([
    ['nobody', { account: 'nobody' }, {}],
    ['another merchant', {}, { as: 'merchant', sub: 'ada' }],
    ['another tenant', {}, { tenant: 'other' }],
  ])('out of the account of %s', async (_, body, sent) => {
    expect(await refused(body, sent)).toEqual([404, 'account-unknown']);
  });

  test('by who may not', async () => {
    expect(await refused({}, { as: 'customer', sub: 'shop' })).toEqual([403, 'forbidden']);
    expect(await refused({}, { as: null })).toEqual([401, 'auth-required']);
  });

  test('under no key', async () => {
    const before = await shop.gateway.operations();

    const answer = await shop.gateway.send('POST', '/v1/payouts', { body: {} });

    expect([answer.status, answer.body.code]).toEqual([400, 'idempotency-key-required']);
    expect(await shop.gateway.operations()).toBe(before);
  });
});
