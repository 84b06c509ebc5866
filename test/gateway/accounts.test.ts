import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aGateway, type Sent, type TestGateway } from './a-gateway.js';

let gateway: TestGateway;
const wait = { prefer: 'wait=20' };

beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
});
afterAll(() => gateway.stop());

const open = (body: unknown, sent: Sent = {}) =>
  gateway.send('POST', '/v1/accounts', { ...sent, body });
const anId = () => `acc-${nanoid(8).replaceAll(/[-_]/g, 'x')}`;
const fund = (id: string, amount: number, headers = {}) =>
  gateway.send('POST', `/v1/accounts/${id}/funding`, {
    body: { amount, currency: 'EUR' },
    headers: { 'idempotency-key': nanoid(), ...wait, ...headers },
  });

describe('opening an account', () => {
  test('answers with the account, and again with the same', async () => {
    const asked = {
      id: anId(),
      currency: 'EUR',
      kind: 'customer',
      owner: 'ada',
      overdraftLimit: 5,
    };

    const first = await open(asked);
    const again = await open(asked);

    expect([first.status, again.status]).toEqual([201, 201]);
    expect(first.headers.get('location')).toBe(`/v1/accounts/${asked.id}`);
    expect(first.headers.get('etag')).toBe('"1"');
    expect(first.body).toEqual({
      ...asked,
      ...{ status: 'open', posted: 0, held: 0, available: 0, version: 1 },
    });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  test.each([
    ['another currency', { currency: 'USD' }, 'ada'],
    ['the same, by another admin', {}, 'bob'],
  ])('with an id that is taken is refused: %s', async (_, other, sub) => {
    const asked = { id: anId(), currency: 'EUR', kind: 'customer' };
    await open(asked);

    const answer = await open({ ...asked, ...other }, { sub });

    expect([answer.status, answer.body.code]).toEqual([409, 'account-exists']);
  });

  test('twice at once with one id opens one', async () => {
    const asked = { id: anId(), currency: 'EUR', kind: 'customer' };

    const answers = await Promise.all(['ada', 'bob', 'eve'].map((sub) => open(asked, { sub })));

    expect(answers.map(({ status }) => `${status}`).sort()).toEqual(['201', '409', '409']);
  });

  test('without an id makes one, the same for the same key', async () => {
    const asked = { currency: 'JPY', kind: 'merchant', slots: 4 };
    const headers = { 'idempotency-key': nanoid() };

    const [one, two] = await Promise.all([open(asked), open(asked)]);
    const first = await open(asked, { headers });
    const again = await open(asked, { headers });
    const other = await open({ ...asked, slots: 2 }, { headers });

    expect(one.body.id).toMatch(/^acc_[\w-]{10,}$/);
    expect(new Set([one, two, first].map(({ body }) => body.id)).size).toBe(3);
    expect(again.body.id).toBe(first.body.id);
    expect([other.status, other.body.differs]).toEqual([422, ['slots']]);
  });

  test.each([
    ['kind', { kind: 'internal' }, 'field-invalid'],
    ['kind', { kind: undefined }, 'field-required'],
    ['id', { id: '@funding:EUR' }, 'account-invalid'],
    ['owner', { owner: 'a b' }, 'text-invalid'],
    ['overdraftLimit', { overdraftLimit: -1 }, 'field-invalid'],
    ['balance', { balance: 1_000_000 }, 'unknown-field'],
  ])('with a wrong %s is refused: %j', async (path, other, code) => {
    const answer = await open({ currency: 'EUR', kind: 'customer', ...other });

    expect([answer.status, answer.body.errors]).toEqual([422, [{ path, code }]]);
  });
});

describe('funding an account', () => {
  test('adds the money once, however often it is asked', async () => {
    const { body } = await open({ currency: 'EUR', kind: 'customer' });
    const key = { 'idempotency-key': nanoid() };

    const first = await fund(body.id, 12_50, key);
    const again = await fund(body.id, 12_50, key);

    expect([first.status, first.body.state]).toEqual([200, 'COMPLETED']);
    expect(again.body).toEqual(first.body);
    const account = await gateway.send('GET', `/v1/accounts/${body.id}`);
    expect(account.body).toMatchObject({ posted: 12_50, held: 0, available: 12_50, version: 2 });
  });

  test.each([
    [404, 'account-unknown', { id: 'nobody' }],
    [422, 'currency-mismatch', { currency: 'USD' }],
    [422, 'amount-not-positive', { amount: 0 }],
  ])('is refused with %i %s for %j', async (status, code, given) => {
    const { id, ...body } = {
      id: (await open({ currency: 'EUR', kind: 'customer' })).body.id,
      ...given,
    };
    const answer = await gateway.send('POST', `/v1/accounts/${id}/funding`, {
      body: { amount: 1, currency: 'EUR', ...body },
      headers: { 'idempotency-key': nanoid() },
    });

    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });
});

describe('editing an account', () => {
  const edit = (id: string, body: unknown, ifMatch?: string) =>
    gateway.send('PATCH', `/v1/accounts/${id}`, {
      body,
      headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
    });

  test('changes it and its version, once per version', async () => {
    const { body, headers } = await open({ currency: 'EUR', kind: 'customer' });
    const seen = headers.get('etag') ?? '';

    const first = await edit(body.id, { status: 'frozen', overdraftLimit: 7 }, seen);
    const late = await edit(body.id, { status: 'frozen', overdraftLimit: 7 }, seen);

    expect([first.status, first.headers.get('etag')]).toEqual([200, '"2"']);
    expect(first.body).toMatchObject({ status: 'frozen', overdraftLimit: 7, version: 2 });
    expect([late.status, late.body.code]).toEqual([412, 'stale-version']);
    expect((await gateway.send('GET', `/v1/accounts/${body.id}`)).body).toEqual(first.body);
  });

  test('by eight at once is done by one', async () => {
    const { body } = await open({ currency: 'EUR', kind: 'customer' });

    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => edit(body.id, { overdraftLimit: n }, '"1"')),
    );

    const done = answers.filter(({ status }) => status === 200);
    expect(done).toHaveLength(1);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 412]));
    const now = await gateway.send('GET', `/v1/accounts/${body.id}`);
    expect(now.body.overdraftLimit).toBe(done[0]?.body.overdraftLimit);
  });

  test.each([
    [undefined, 428, 'if-match-required'],
    ['*', 412, 'stale-version'],
    ['W/"1"', 412, 'stale-version'],
    ['"2"', 412, 'stale-version'],
    ['"0"', 412, 'stale-version'],
    ['1', 400, 'if-match-invalid'],
    ['"1", "2"', 400, 'if-match-invalid'],
    ['"-1"', 400, 'if-match-invalid'],
    ['"9999999999999999"', 400, 'if-match-invalid'],
    ['', 400, 'if-match-invalid'],
  ])('with If-Match %j is %i %s', async (ifMatch, status, code) => {
    const { body } = await open({ currency: 'EUR', kind: 'customer' });
    const before = await gateway.operations();

    const answer = await edit(body.id, { status: 'frozen' }, ifMatch);

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await gateway.operations()).toBe(before);
  });

  test.each([
    [{}, 'body-invalid'],
    [{ status: 'deleted' }, 'field-invalid'],
    [{ currency: 'USD' }, 'validation-failed'],
    [{ status: 'open', version: 9 }, 'unknown-field'],
  ])('to %j is refused as %s', async (body, code) => {
    const { body: account } = await open({ currency: 'EUR', kind: 'customer' });

    expect((await edit(account.id, body, '"1"')).body.code).toBe(code);
    expect((await edit('nobody', { status: 'open' }, '"1"')).body.code).toBe('account-unknown');
  });

  test('cannot forbid an overdraft that is there, and freezing stops payments', async () => {
    const { body } = await open({ currency: 'EUR', kind: 'customer', overdraftLimit: 50_00 });
    await gateway.pay({ account: body.id }, { headers: wait });
    const seen = (await gateway.send('GET', `/v1/accounts/${body.id}`)).headers.get('etag') ?? '';

    const refused = await edit(body.id, { overdraftLimit: 0 }, seen);
    const frozen = await edit(body.id, { status: 'frozen' }, seen);
    const payment = await gateway.pay({ account: body.id, amount: 1 });

    expect([refused.status, refused.body.code]).toEqual([409, 'overdraft-limit-too-low']);
    expect(frozen.status).toBe(200);
    expect([payment.status, payment.body.code]).toEqual([409, 'account-frozen']);
  });
});

describe('a balance', () => {
  const balance = (id: string, at: string) =>
    gateway.send('GET', `/v1/accounts/${id}/balance?at=${encodeURIComponent(at)}`);
  const pathOf = (id: string) => `/v1/accounts/${id}/balance`;

  test('at a past moment is the same, to the byte, whatever comes after', async () => {
    const { body } = await open({ currency: 'EUR', kind: 'customer' });
    await fund(body.id, 100_00);
    const now = await gateway.send('GET', pathOf(body.id));
    const { owner } = gateway.world.database;
    const [clock] = await owner`select ledger.clock()::text as at`;
    const at = new Date(clock?.at).toISOString().replace('Z', '999Z');

    const first = await balance(body.id, at);
    const writes = Array.from({ length: 5 }, () => gateway.pay({ account: body.id, amount: 1 }));
    const during = await Promise.all(Array.from({ length: 5 }, () => balance(body.id, at)));
    await Promise.all(writes);
    await fund(body.id, 1);

    expect(now.body).toEqual({
      ...{ id: body.id, currency: 'EUR', posted: 100_00, held: 0 },
      ...{ available: 100_00, version: 2 },
    });
    expect(first.body).toEqual({ ...now.body, at });
    for (const one of [...during, await balance(body.id, at)]) expect(one.text).toBe(first.text);
    expect((await gateway.send('GET', pathOf(body.id))).body.version).toBeGreaterThan(2);
  });

  test.each([
    ['2999-01-01T00:00:00Z', 422, 'at-in-future'],
    ['9999-12-31T23:59:59-23:59', 422, 'at-invalid'],
    ['2020-01-01T00:00:00Z', 404, 'account-unknown'],
    ['0001-01-01T00:00:00Z', 404, 'account-unknown'],
    ['0001-01-01T00:00:00+00:01', 422, 'at-invalid'],
    ['2026-02-30T00:00:00Z', 422, 'at-invalid'],
    ['2026-01-01', 422, 'at-invalid'],
    ['2026-01-01T00:00:00', 422, 'at-invalid'],
    ['2026-13-01T00:00:00Z', 422, 'at-invalid'],
    ['2026-01-01T24:00:00Z', 422, 'at-invalid'],
    ['2026-01-01T00:00:60Z', 422, 'at-invalid'],
    ['-000001-01-01T00:00:00Z', 422, 'at-invalid'],
    ['1767225600', 422, 'at-invalid'],
    ['1e20', 422, 'at-invalid'],
    ['now', 422, 'at-invalid'],
    ['infinity', 422, 'at-invalid'],
    ['', 422, 'at-invalid'],
  ])('at %s is %i %s', async (at, status, code) => {
    const { body } = await open({ currency: 'EUR', kind: 'customer' });
    const answer = await balance(body.id, at);

    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test('in another zone, and finer than a second, is at the same moment', async () => {
    const { body } = await open({ currency: 'EUR', kind: 'customer' });
    const [clock] = await gateway.world.database.owner`select ledger.clock()::text as at`;
    const at = new Date(clock?.at).getTime();
    const iso = (ms: number) => new Date(ms).toISOString().slice(0, 23);

    const utc = await balance(body.id, `${iso(at)}999Z`);
    const east = await balance(body.id, `${iso(at + 5.5 * 3_600_000)}999789+05:30`);

    expect(utc.status).toBe(200);
    expect(east.text).toBe(utc.text);
  });
});
