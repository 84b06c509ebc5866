import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, Sent } from './a-gateway.js';
import { aShop, keyed, type Shop, wait } from './a-shop.js';

let shop: Shop;
/** Asks for a refund and waits for its end, under a key of its own unless the headers have one. */
function refund(payment: string, body?: unknown, sent: Sent = {}): Promise<Answer> {
  return shop.gateway.send('POST', `/v1/payments/${payment}/refunds`, {
    body,
    ...sent,
    headers: { ...keyed(), ...wait, ...sent.headers },
  });
}

beforeAll(async () => {
  shop = await aShop();
});
afterAll(() => shop.gateway.stop());

describe('a refund', () => {
  test('gives all of it back, as an operation of its own', async () => {
    const before = await shop.gateway.world.available(shop.account);
    const payment = await shop.paid();

    const { status, headers, body } = await refund(payment, undefined, { as: 'merchant' });

    expect([status, body.state, body['domain']]).toEqual([200, 'COMPLETED', 'Refund']);
    expect(body.opId).not.toBe(payment);
    expect(headers.get('location')).toBe(`/v1/operations/${body.opId}`);
    expect(body).toMatchObject({ account: shop.account, amount: 30_00, currency: 'EUR' });
    expect(body.outcome).toMatchObject({ kind: 'settled', amount: 30_00 });
    expect(await shop.gateway.world.available(shop.account)).toBe(before);
    expect(shop.till.moved(body.opId)).toEqual(['refund.1 3000']);
  });

  test('is accepted at once, and seen by the customer who paid', async () => {
    const payment = await shop.paid();

    const { status, body } = await refund(payment, { amount: 1_00 }, { headers: { prefer: '' } });
    const path = body.links.self;
    const theirs = await shop.gateway.send('GET', path, { as: 'customer', sub: 'ada' });
    const eves = await shop.gateway.send('GET', path, { as: 'customer', sub: 'eve' });

    expect([status, body.state, theirs.status, eves.status]).toEqual([202, 'PENDING', 200, 404]);
  });

  test('in parts gives back what was captured and never more', async () => {
    const payment = await shop.paid();

    const answers = await Promise.all(
      Array.from({ length: 100 }, () =>
        refund(payment, { amount: 1_00 }, { headers: { prefer: '' } }),
      ),
    );

    const { client } = shop.gateway.world;
    const results = await Promise.all(answers.map(({ body }) => client.result(body.opId)));
    const ends = results.map(
      (end) => `${end !== undefined && 'code' in end ? end.code : end?.kind}`,
    );
    expect(ends.toSorted()).toEqual([
      ...Array.from({ length: 70 }, () => 'refund-exceeds-captured'),
      ...Array.from({ length: 30 }, () => 'settled'),
    ]);
    expect((await refund(payment)).body.outcome.code).toBe('refund-exceeds-captured');
  });

  test('under the same key is one refund, and names what differs from it', async () => {
    const [payment, another] = [await shop.paid(), await shop.paid()];
    const headers = keyed();
    const first = await refund(payment, { amount: 10_00, reason: 'broken' }, { headers });

    const again = await refund(payment, { amount: 10_00, reason: 'broken' }, { headers });
    const others = [
      await refund(another, { amount: 10_00, reason: 'broken' }, { headers }),
      await refund(payment, { amount: 11_00, reason: 'broken' }, { headers }),
      await refund(payment, { reason: 'late' }, { headers }),
    ];

    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(others.map(({ status, body }) => [status, body.code, body['differs']])).toEqual([
      [422, 'idempotency-key-reused', ['payment']],
      [422, 'idempotency-key-reused', ['amount']],
      [422, 'idempotency-key-reused', ['amount', 'reason']],
    ]);
    expect(shop.till.moved(first.body.opId)).toEqual(['refund.1 1000']);
  });

  test('keeps its reason sealed, out of rows, Temporal and the log', async () => {
    const reason = `because-${nanoid()}`;
    const { body } = await refund(await shop.paid(), { reason });

    const { owner } = shop.gateway.world.database;
    const [row] = await owner`select o::text as clear, o.sealed from ledger.operation o
      where op_id = ${body.opId}`;
    const sealed = Buffer.from(row?.['sealed']).toString('base64');
    const events = await shop.gateway.world.temporal.workflow.getHandle(body.opId).fetchHistory();
    const history = await shop.gateway.send('GET', `${body.links.self}/history`);
    expect(shop.gateway.world.keys.open(sealed, body.opId)).toEqual({ reason });
    expect(row?.['clear']).not.toContain(reason);
    expect(Buffer.from(JSON.stringify(events)).toString()).not.toContain(reason);
    expect(JSON.stringify(shop.gateway.lines) + history.text).not.toContain(reason);
  });
});

describe('a refund that is refused early leaves no row and no workflow:', () => {
  const refused = (payment: string, body: unknown, sent: Sent = {}) =>
    shop.refusal(
      (headers) => refund(payment, body, { ...sent, headers }),
      async (headers) => refund(await shop.paid(), { amount: 1 }, { headers }),
    );

  test.each([
    ['nothing', { amount: 0 }, 'amount-not-positive'],
    ['less than nothing', { amount: -1 }, 'amount-not-positive'],
    ['a fraction', { amount: 0.5 }, 'amount-invalid'],
    ['a text', { amount: '1' }, 'amount-invalid'],
    ['more than was captured', { amount: 30_01 }, 'refund-exceeds-captured'],
    ['a reason too long', { reason: 'x'.repeat(501) }, 'text-too-long'],
    ['another currency', { currency: 'USD' }, 'unknown-field'],
    ['somebody else', { account: 'eve' }, 'unknown-field'],
    ['a list', [], 'body-invalid'],
  ])('%s', async (_, body, code) => {
    expect(await refused(await shop.paid(), body)).toEqual([422, code]);
  });

  test('of what was not captured', async () => {
    const held = await shop.held('manual');
    const { body: poor } = await shop.gateway.pay(
      { account: await shop.gateway.world.account(1) },
      { headers: wait },
    );

    expect(await refused(held, {})).toEqual([409, 'invalid-state']);
    expect(await refused(poor.opId, {})).toEqual([409, 'invalid-state']);
  });

  test('of what is not seen, or is no payment', async () => {
    const payment = await shop.paid();
    const { body: back } = await refund(payment, { amount: 1 });

    expect(await refused(payment, {}, { tenant: 'other' })).toEqual([404, 'operation-unknown']);
    expect(await refused('op_nobody', {})).toEqual([404, 'operation-unknown']);
    expect(await refused(back.opId, {})).toEqual([404, 'operation-unknown']);
  });

  test('by who may not', async () => {
    const payment = await shop.paid();

    const payer = { as: 'customer', sub: 'ada' } as const;
    expect(await refused(payment, {}, payer)).toEqual([403, 'forbidden']);
    expect(await refused(payment, {}, { as: null })).toEqual([401, 'auth-required']);
  });

  test('without a key', async () => {
    const path = `/v1/payments/${await shop.paid()}/refunds`;
    const before = await shop.gateway.operations();

    const answer = await shop.gateway.send('POST', path, { body: {} });

    expect([answer.status, answer.body.code]).toEqual([400, 'idempotency-key-required']);
    expect(await shop.gateway.operations()).toBe(before);
  });
});
