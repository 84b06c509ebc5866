import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Answer, Sent } from './a-gateway.js';
import { aShop, type Shop } from './a-shop.js';

/** An operation that takes its money in a payment, as it is asked for over HTTP. */
interface Paid {
  readonly name: string;
  readonly path: string;
  readonly domain: string;
  /** What it asks for beside its money. */
  readonly more: object;
  /** What is done for it at services. */
  readonly effects: readonly string[];
  /** What it must not be asked for, with the code that says so. */
  readonly refused: readonly (readonly [string, object, string])[];
}

/** The door of such an operation: the same tests, whatever it asks for. */
export function answersOverHttp({ name, path, domain, more, effects, refused }: Paid): void {
  let shop: Shop;
  beforeAll(async () => {
    shop = await aShop();
  });
  afterAll(() => shop.gateway.stop());

  const ask = (body: object = {}, sent: Sent = {}): Promise<Answer> => {
    const whole = { account: shop.account, amount: 30_00, currency: 'EUR', ...more };
    return shop.gateway.send('POST', path, {
      body: { ...whole, ...body },
      ...sent,
      headers: { 'idempotency-key': nanoid(), prefer: 'wait=20', ...sent.headers },
    });
  };
  const refusal = (body: object, sent: Sent = {}) =>
    shop.refusal(
      (headers) => ask(body, { ...sent, headers }),
      (headers) => ask({}, { headers }),
    );

  describe(`${name} over HTTP`, () => {
    test.each(['customer', 'merchant', 'admin'] as const)('is done for the %s', async (as) => {
      const { status, headers, body } = await ask({ bizKey: 'mine' }, { as });

      expect([status, body.state, body['domain']]).toEqual([200, 'COMPLETED', domain]);
      expect(headers.get('location')).toBe(body.links.self);
      expect(body).toMatchObject({ account: shop.account, bizKey: 'mine', amount: 30_00 });
      expect(await shop.gateway.world.effects(body.opId)).toEqual(effects);
    });

    test('is one under the same key, and names what differs from it', async () => {
      const headers = { 'idempotency-key': nanoid() };
      const first = await ask({}, { headers });

      const again = await ask({}, { headers });
      const other = await ask({ amount: 1 }, { headers });

      expect([again.status, again.body]).toEqual([200, first.body]);
      expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
      expect(other.body['differs']).toEqual(['amount']);
    });

    test('is refused when there is no money for it', async () => {
      const account = await shop.gateway.world.account(0);

      const { status, body } = await ask({ account });

      expect([status, body.outcome.code]).toEqual([402, 'insufficient-funds']);
    });

    test.each<readonly [string, object, string]>([
      ['no money', { amount: 0 }, 'amount-not-positive'],
      ['another currency', { currency: 'USD' }, 'currency-mismatch'],
      ['a fee', { fee: 1 }, 'unknown-field'],
      ...refused,
    ])('asked for with %s is refused, and leaves nothing', async (_, body, code) => {
      expect(await refusal(body)).toEqual([422, code]);
    });

    test("is not done with somebody else's account", async () => {
      const customer = { as: 'customer', sub: 'eve' } as const;
      expect(await refusal({}, customer)).toEqual([404, 'account-unknown']);
    });
  });
}
