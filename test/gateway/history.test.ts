import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import type { Answer, Sent } from './a-gateway.js';
import { aShop, keyed, type Shop, wait } from './a-shop.js';

let shop: Shop;
const history = (opId: string, query = '', sent: Sent = {}): Promise<Answer> =>
  shop.gateway.send('GET', `/v1/operations/${opId}/history${query}`, sent);

beforeAll(async () => {
  shop = await aShop();
});
afterAll(() => shop.gateway.stop());

/** Step and result of each entry. */
const told = ({ body }: Answer) => body.data.map((entry) => [entry['step'], entry['result']]);

/** A payment that was captured in two parts, with a description. */
async function inParts(): Promise<OpId> {
  const opId = await shop.held('multiple', { description: 'a secret gift' });
  for (const wish of [{ amount: 10_00 }, { amount: 5_00, final: true }]) {
    const headers = keyed();
    await shop.gateway.send('POST', `/v1/payments/${opId}/capture`, { headers, body: wish });
  }
  await shop.gateway.world.client.result(opId);
  return opId;
}

describe('the history of an operation', () => {
  test('tells a payment from its hold to its end, with the proof of each move', async () => {
    const { body } = await shop.gateway.pay({ account: shop.account }, { headers: wait });

    const { status, body: page, ...rest } = await history(body.opId);

    const reference = `${body.opId}:charge.1:1`;
    const facts = { reference, chargeId: `ch_${reference}`, amount: 30_00, currency: 'EUR' };
    const evidence = { kind: 'captured', ...facts };
    expect(status).toBe(200);
    expect(told({ body: page, status, ...rest })).toEqual([
      ['charge.1', 'attempted'],
      ['reserve', 'held'],
      ['settle', 'settled'],
    ]);
    expect(page.data[0]).toMatchObject({ reference, amount: 30_00, evidence });
    expect(page.data[2]).toMatchObject({ amount: 30_00, chargeId: facts.chargeId, evidence });
    expect(page.next).toBeNull();
  });

  test('tells every part of a hold that was captured in parts, oldest first', async () => {
    const answer = await history(await inParts());

    expect(told(answer)).toEqual([
      ['authorize.1', 'attempted'],
      ['reserve', 'held'],
      [expect.stringMatching(/^phase\./), 'noted'],
      ['capture.1', 'attempted'],
      ['capture.1', 'capturing'],
      ['settle.1', 'captured-part'],
      ['capture.2', 'attempted'],
      ['capture.2', 'capturing'],
      ['settle.2', 'settled'],
    ]);
    const moments = answer.body.data.map(({ at }) => String(at));
    expect(moments).toEqual(moments.toSorted());
    expect(answer.body.data[2]).toMatchObject({
      ...{ phase: 'held', reason: 'it waits to be captured' },
    });
    expect(answer.body.data[5]).toMatchObject({
      amount: 10_00,
      evidence: { kind: 'captured', amount: 10_00 },
    });
    expect(answer.body.data[8]).toMatchObject({ amount: 15_00, evidence: { amount: 5_00 } });
  });

  test('tells why an operation was refused', async () => {
    const { body } = await shop.gateway.pay(
      { account: shop.account, amount: 999_999_00 },
      { headers: wait },
    );

    const { body: page } = await history(body.opId);

    expect(page.data).toMatchObject([
      { step: 'reserve', result: 'fail', code: 'insufficient-funds' },
    ]);
  });

  test('comes page by page, each entry once', async () => {
    const opId = await inParts();
    const whole = await history(opId);

    const first = await history(opId, '?limit=4');
    const second = await history(opId, `?limit=4&cursor=${first.body.next}`);
    const third = await history(opId, `?limit=4&cursor=${second.body.next}`);

    const pages = [first, second, third].map(({ body }) => body.data);
    expect(pages.map(({ length }) => length)).toEqual([4, 4, 1]);
    expect(pages.flat()).toEqual(whole.body.data);
    expect(third.body.next).toBeNull();
  });

  test('takes no cursor of another history', async () => {
    const [opId, other] = [await inParts(), await inParts()];
    const { next } = (await history(other, '?limit=4')).body;

    const answers = [await history(opId, `?cursor=${next}`), await history(opId, '?cursor=x')];

    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [400, 'cursor-invalid'],
      [400, 'cursor-invalid'],
    ]);
  });

  test.each(['limit=0', 'limit=101', 'limit=x', 'order=desc'])(
    'asked for with %s is refused',
    async (query) => {
      const { body } = await shop.gateway.pay(
        { account: shop.account, amount: 1 },
        { headers: wait },
      );

      const answer = await history(body.opId, `?${query}`);

      expect([answer.status, answer.body.code]).toEqual([400, 'query-invalid']);
    },
  );

  test('is for those who see the operation, and names nobody', async () => {
    const opId = await inParts();

    const mine = await history(opId, '', { as: 'customer', sub: 'ada' });
    const others = [
      await history(opId, '', { as: 'customer', sub: 'eve' }),
      await history(opId, '', { tenant: 'other' }),
      await history(`${opId.slice(0, -1)}${opId.endsWith('2') ? '3' : '2'}`),
    ];

    expect(mine.status).toBe(200);
    expect(mine.text).not.toMatch(/secret gift|the-shop-itself|principal|trace|sealed/);
    expect(others.map(({ status, body }) => [status, body.code])).toEqual(
      Array.from({ length: 3 }, () => [404, 'operation-unknown']),
    );
    expect((await history(opId, '', { as: null })).status).toBe(401);
  });

  test('is empty before the first step', async () => {
    await shop.stopWorking();
    const { body } = await shop.gateway.pay({ account: shop.account });

    const { status, body: page } = await history(body.opId);

    expect([status, page.data, page.next]).toEqual([200, [], null]);
  });
});
