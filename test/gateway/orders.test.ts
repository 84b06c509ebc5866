import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, Sent } from './a-gateway.js';
import { aShop, type Shop } from './a-shop.js';

let shop: Shop;
beforeAll(async () => {
  shop = await aShop();
});
afterAll(() => shop.gateway.stop());

/** Asks for an order of 30.00 and waits for its end. */
function order(body: object = {}, sent: Sent = {}): Promise<Answer> {
  const { account } = shop;
  const items = [{ sku: 'mug', quantity: 2 }];
  return shop.gateway.send('POST', '/v1/orders', {
    body: { account, amount: 30_00, currency: 'EUR', items, ...body },
    ...sent,
    headers: { 'idempotency-key': nanoid(), prefer: 'wait=20', ...sent.headers },
  });
}

describe('an order', () => {
  test.each(['customer', 'merchant', 'admin'] as const)('is asked for by the %s', async (as) => {
    const { status, headers, body } = await order({ bizKey: 'mine' }, { as });

    expect([status, body.state, body['domain']]).toEqual([200, 'COMPLETED', 'Order']);
    expect(headers.get('location')).toBe(body.links.self);
    expect(body).toMatchObject({ account: shop.account, bizKey: 'mine', amount: 30_00 });
    expect(await shop.gateway.world.effects(body.opId)).toEqual(['reserveStock.1', 'ship.1']);
  });

  test('under the same key is one order, and names what differs from it', async () => {
    const headers = { 'idempotency-key': nanoid() };
    const first = await order({}, { headers });

    const again = await order({}, { headers });
    const other = await order({ amount: 1 }, { headers });

    expect([again.status, again.body]).toEqual([200, first.body]);
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    expect(other.body['differs']).toEqual(['amount']);
  });

  test('that nobody can pay is refused', async () => {
    const account = await shop.gateway.world.account(0);

    const { status, body } = await order({ account });

    expect([status, body.outcome.code]).toEqual([402, 'insufficient-funds']);
  });
});

describe('an order that is refused early leaves no row and no workflow:', () => {
  const refused = (body: object, sent: Sent = {}) =>
    shop.refusal(
      (headers) => order(body, { ...sent, headers }),
      (headers) => order({}, { headers }),
    );
  const lines = (...items: object[]) => ({ items });

  test.each([
    ['no money', { amount: 0 }, 'amount-not-positive'],
    ['another currency', { currency: 'USD' }, 'currency-mismatch'],
    ['nothing', lines(), 'field-invalid'],
    ['none of it', lines({ sku: 'mug', quantity: 0 }), 'field-invalid'],
    ['too much of it', lines({ sku: 'mug', quantity: 101 }), 'field-invalid'],
    ['half of one', lines({ sku: 'mug', quantity: 0.5 }), 'field-invalid'],
    ['what has no name', lines({ quantity: 1 }), 'field-required'],
    ['with a fee', { fee: 1 }, 'unknown-field'],
  ])('for %s', async (_, body, code) => {
    expect(await refused(body)).toEqual([422, code]);
  });

  test('for the account of somebody else', async () => {
    const customer = { as: 'customer', sub: 'eve' } as const;
    expect(await refused({}, customer)).toEqual([404, 'account-unknown']);
  });
});
