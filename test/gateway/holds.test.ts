import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import type { Answer, Sent } from './a-gateway.js';
import { aShop, keyed, type Shop } from './a-shop.js';

let shop: Shop;
beforeAll(async () => {
  shop = await aShop();
});
afterAll(() => shop.gateway.stop());

const dayMs = 24 * 3_600_000;
const inDays = (days: number) => new Date(Date.now() + days * dayMs).toISOString();

function ask(opId: string, what: string, body?: unknown, sent: Sent = {}): Promise<Answer> {
  return shop.gateway.send('POST', `/v1/payments/${opId}/${what}`, {
    headers: keyed(),
    body,
    ...sent,
  });
}

const read = async (opId: string) =>
  (await shop.gateway.send('GET', `/v1/operations/${opId}`)).body;

async function ended(opId: string) {
  return eventually(async () => {
    const body = await read(opId);
    expect(body.outcome).toBeDefined();
    return body;
  });
}

/** All that a refused wish must not change. */
async function stateOf(opId: OpId): Promise<unknown> {
  return [
    await read(opId),
    await shop.gateway.operations(),
    await shop.gateway.world.reads.account(shop.gateway.world.tenant, shop.account),
    shop.till.moved(opId),
  ];
}

describe('capturing a held payment', () => {
  test('takes all of it, and answers with the operation of the payment', async () => {
    const opId = await shop.held('manual');

    const { status, headers, body } = await ask(opId, 'capture', {});

    expect([status, body.opId]).toEqual([202, opId]);
    expect(headers.get('location')).toBe(`/v1/operations/${opId}`);
    expect((await ended(opId)).outcome).toMatchObject({ kind: 'settled', amount: 30_00 });
    expect(shop.till.moved(opId)).toEqual(['authorize.1 3000', 'capture.1 3000']);
  });

  test('in parts takes each of them, and the last gives back the rest', async () => {
    const before = await shop.gateway.world.available(shop.account);
    const opId = await shop.held('multiple');

    const first = await ask(opId, 'capture', { amount: 10_00 }, { as: 'merchant' });
    const last = await ask(opId, 'capture', { amount: 5_00, final: true }, { as: 'operator' });

    expect([first.status, last.status]).toEqual([202, 202]);
    expect((await ended(opId)).outcome).toMatchObject({ kind: 'settled', amount: 15_00 });
    expect(await shop.gateway.world.available(shop.account)).toBe((before ?? 0) - 15_00);
    expect(shop.till.moved(opId)).toEqual(['authorize.1 3000', 'capture.1 1000', 'capture.2 500']);
  });

  test('under the same key takes it once, while it is held and after its end', async () => {
    const opId = await shop.held('multiple');
    const headers = keyed();
    const part = () => ask(opId, 'capture', { amount: 10_00 }, { headers });

    const answers = await Promise.all([part(), part(), part()]);
    await ask(opId, 'capture', { amount: 1_00, final: true });
    const { outcome } = await ended(opId);
    const late = await part();

    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(outcome).toMatchObject({ kind: 'settled', amount: 11_00 });
    expect([late.status, late.body.state]).toEqual([202, 'COMPLETED']);
    expect(shop.till.moved(opId)).toEqual(['authorize.1 3000', 'capture.1 1000', 'capture.2 100']);
  });

  test('under a key of another wish is refused and names what differs', async () => {
    const opId = await shop.held('multiple');
    const headers = keyed();
    await ask(opId, 'capture', { amount: 10_00 }, { headers });

    const other = await ask(opId, 'capture', { amount: 11_00, final: true }, { headers });
    const somebodys = await ask(opId, 'capture', { amount: 5_00 }, { headers, sub: 'bob' });

    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
    expect(other.body['differs']).toEqual(['amount', 'final']);
    expect(somebodys.status).toBe(202);
  });

  test('a second time, or after it was let go, is too late', async () => {
    const [taken, gone] = [await shop.held('manual'), await shop.held('manual')];
    await ask(taken, 'capture', { amount: 1_00 });
    await ask(gone, 'cancel', {});

    const answers = [await ask(taken, 'capture', {}), await ask(gone, 'capture', {})];
    await Promise.all([ended(taken), ended(gone)]);
    const late = [await ask(taken, 'capture', {}), await ask(taken, 'cancel', {})];

    expect([...answers, ...late].map(({ status, body }) => [status, body.code])).toEqual(
      Array.from({ length: 4 }, () => [409, 'invalid-state']),
    );
    expect(shop.till.moved(taken)).toEqual(['authorize.1 3000', 'capture.1 100']);
    expect(shop.till.moved(gone)).toEqual(['authorize.1 3000', 'void.1 3000']);
  });
});

describe('letting go of a held payment', () => {
  test('is open to the customer who pays, and gives the money back', async () => {
    const before = await shop.gateway.world.available(shop.account);
    const opId = await shop.held('manual');

    const { status, body } = await ask(opId, 'cancel', {}, { as: 'customer', sub: 'ada' });

    expect([status, body.opId]).toEqual([202, opId]);
    expect((await ended(opId)).outcome).toMatchObject({ kind: 'fail', code: 'withdrawn' });
    expect(await shop.gateway.world.available(shop.account)).toBe(before);
  });

  test('and capturing it at once has exactly one winner', async () => {
    const opId = await shop.held('manual');

    const answers = await Promise.all([ask(opId, 'capture', {}), ask(opId, 'cancel', {})]);

    const statuses = answers.map(({ status }) => status);
    expect(statuses.toSorted((a, b) => a - b)).toEqual([202, 409]);
    const { outcome } = await ended(opId);
    expect(outcome.kind).toBe(answers[0]?.status === 202 ? 'settled' : 'fail');
  });
});

describe('extending a hold', () => {
  test('lets it end later, and the same key again too', async () => {
    const opId = await shop.held('manual', { holdExpiresAt: inDays(1) });
    const [headers, body] = [keyed(), { holdExpiresAt: inDays(3) }];

    const answers = [
      await ask(opId, 'extend', body, { headers }),
      await ask(opId, 'extend', body, { headers }),
    ];

    expect(answers.map(({ status, body: { opId: of } }) => [status, of])).toEqual([
      [202, opId],
      [202, opId],
    ]);
    const history = await eventually(async () => {
      const { body: page } = await shop.gateway.send('GET', `/v1/operations/${opId}/history`);
      const extended = page.data.filter(({ result }) => result === 'extended');
      expect(extended).not.toEqual([]);
      return extended;
    });
    expect(history.map((entry) => entry['holdExpiresAt'])).toEqual([body.holdExpiresAt]);
  });

  test.each([
    ['into the past', { holdExpiresAt: '2020-01-01T00:00:00Z' }, 422, 'moment-past'],
    ['beyond the provider', { holdExpiresAt: inDays(30) }, 422, 'hold-too-long'],
    ['beyond any plan', { holdExpiresAt: '9999-01-01T00:00:00Z' }, 422, 'hold-too-long'],
    ['to no moment', {}, 422, 'field-required'],
    ['to a date', { holdExpiresAt: '2030-01-01' }, 422, 'moment-invalid'],
    ['and more', { holdExpiresAt: inDays(2), state: 'held' }, 422, 'unknown-field'],
  ])('%s is refused, and changes nothing', async (_, body, status, code) => {
    const opId = await shop.held('manual');
    const before = await stateOf(opId);

    const answer = await ask(opId, 'extend', body);

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await stateOf(opId)).toEqual(before);
  });
});

describe('a wish about a hold', () => {
  let opId: OpId;
  beforeAll(async () => {
    opId = await shop.held('multiple');
  });

  test.each([
    ['nothing', { amount: 0 }, 422, 'amount-not-positive'],
    ['less than nothing', { amount: -1 }, 422, 'amount-not-positive'],
    ['a text', { amount: '1' }, 422, 'amount-invalid'],
    ['more than is held and its tolerance', { amount: 50_00 }, 422, 'capture-exceeds-hold'],
    ['perhaps the last', { amount: 1, final: 'yes' }, 422, 'field-invalid'],
    ['a fee', { amount: 1, fee: 1 }, 422, 'unknown-field'],
    ['a list', [], 422, 'body-invalid'],
  ])('to take %s is refused, and changes nothing', async (_, body, status, code) => {
    const before = await stateOf(opId);

    const answer = await ask(opId, 'capture', body);

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await stateOf(opId)).toEqual(before);
  });

  test.each(['capture', 'extend'])('needs a key to %s', async (what) => {
    const body = what === 'extend' ? { holdExpiresAt: inDays(1) } : {};
    const codes = [
      (await ask(opId, what, body, { headers: {} })).body.code,
      (await ask(opId, what, body, { headers: { 'idempotency-key': 'short' } })).body.code,
    ];

    expect(codes).toEqual(['idempotency-key-required', 'idempotency-key-invalid']);
  });

  test.each(['capture', 'extend'])('is not heard from who may not %s', async (what) => {
    const body = what === 'extend' ? { holdExpiresAt: inDays(2) } : {};
    const before = await stateOf(opId);
    const { body: funding } = await shop.gateway.send(
      'POST',
      `/v1/accounts/${shop.account}/funding`,
      {
        ...{ body: { amount: 1, currency: 'EUR' }, headers: keyed() },
      },
    );

    const answers = [
      await ask(opId, what, body, { as: 'customer', sub: 'ada' }),
      await ask(opId, what, body, { as: null }),
      await ask(opId, what, body, { tenant: 'other' }),
      await ask(`${opId.slice(0, -1)}${opId.endsWith('2') ? '3' : '2'}`, what, body),
      await ask(funding.opId, what, body),
    ];

    expect(answers.map(({ status, body: { code } }) => [status, code])).toEqual([
      [403, 'forbidden'],
      [401, 'auth-required'],
      ...Array.from({ length: 3 }, () => [404, 'operation-unknown']),
    ]);
    expect((await read(opId)).version).toBe((before as [{ version: number }])[0].version);
  });

  test.each(['capture', 'extend'])('is too late to %s what was taken at once', async (what) => {
    const { body } = await shop.gateway.pay(
      { account: shop.account },
      { headers: { prefer: 'wait=20' } },
    );

    const wish = what === 'extend' ? { holdExpiresAt: inDays(2) } : {};
    const answer = await ask(body.opId, what, wish);

    expect([answer.status, answer.body.code]).toEqual([409, 'invalid-state']);
  });
});

test.each([
  ['scheduledAt', { scheduledAt: '2020-01-01T00:00:00Z' }, 'moment-past'],
  ['scheduledAt', { scheduledAt: inDays(400) }, 'field-invalid'],
  ['holdExpiresAt', { capture: 'manual', holdExpiresAt: inDays(-1) }, 'moment-past'],
  ['holdExpiresAt', { capture: 'manual', holdExpiresAt: inDays(400) }, 'field-invalid'],
  [
    'holdExpiresAt',
    { capture: 'manual', scheduledAt: inDays(2), holdExpiresAt: inDays(1) },
    'field-invalid',
  ],
])('a payment with the %s of %j is refused as %s', async (path, fields, code) => {
  const before = await shop.gateway.operations();
  const headers = keyed();

  const { status, body } = await shop.gateway.pay(
    { account: shop.account, ...fields },
    { headers },
  );

  expect([status, body.code, body['errors']]).toEqual([422, code, [{ path, code }]]);
  expect(await shop.gateway.operations()).toBe(before);
  // Nothing was started under the key either.
  const waiting = { headers: { ...headers, prefer: 'wait=20' } };
  expect((await shop.gateway.pay({ account: shop.account, amount: 1 }, waiting)).body.state).toBe(
    'COMPLETED',
  );
});
