import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountId } from '../../src/domain/index.js';
import { aGateway, type TestGateway } from './a-gateway.js';

let gateway: TestGateway;
let account: AccountId;
const wait = { prefer: 'wait=20' };

beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
  account = await gateway.world.account(1_000_00);
});
afterAll(() => gateway.stop());

describe('an idempotency key', () => {
  test.each([
    ['POST', '/v1/payments'],
    ['POST', '/v1/accounts/a/funding'],
  ])('is required by %s %s', async (method, path) => {
    const { status, body } = await gateway.send(method, path, { body: {} });

    expect([status, body.code]).toEqual([400, 'idempotency-key-required']);
  });

  test.each([
    '',
    '        ',
    '1234567',
    'x'.repeat(256),
    'x'.repeat(8_192),
    'zażółć-gęślą'.replace(/[^ -~]/g, '\u00e9'),
    '../../etc/passwd',
    'abcdefg;b',
    "' or 1=1--",
    'abcdef%00',
    '${7*7}${7*7}',
    '{{abcdef}}',
    'with space',
    'with\ttabulator',
    'first-key-1, second-key-2',
  ])('like %j is refused', async (key) => {
    const before = await gateway.operations();
    const { status, body } = await gateway.pay(
      { account },
      { headers: { 'idempotency-key': key } },
    );

    expect([status, body.code]).toEqual([400, 'idempotency-key-invalid']);
    expect(await gateway.operations()).toBe(before);
  });

  test('that is there twice is refused', async () => {
    const token = await gateway.issuer.token('admin', 'ada', gateway.world.tenant);
    const body = JSON.stringify({ account, amount: 1, currency: 'EUR' });
    const { status, body: seen } = await gateway.raw(
      [
        'POST /v1/payments HTTP/1.1',
        'host: x',
        'connection: close',
        `authorization: Bearer ${token}`,
        'content-type: application/json',
        `content-length: ${body.length}`,
        'idempotency-key: the-same-key',
        'idempotency-key: the-same-key',
        '',
        body,
      ].join('\r\n'),
    );

    expect([status, seen.code]).toEqual([400, 'idempotency-key-invalid']);
  });

  test.each([8, 255])('of %i characters is taken', async (length) => {
    const key = nanoid(length).replaceAll(/[^A-Za-z0-9]/g, '.');
    const { status } = await gateway.pay({ account }, { headers: { 'idempotency-key': key } });

    expect(status).toBe(202);
  });

  test('counts every letter as it stands', async () => {
    const key = nanoid();
    const keys = [`${key}a`, `${key}A`, `${key}.`];

    const answers = await Promise.all(
      keys.map((one) => gateway.pay({ account }, { headers: { 'idempotency-key': one } })),
    );

    expect(new Set(answers.map(({ body }) => body.opId)).size).toBe(3);
  });

  test("may be another operation's id, or serve another path, and means neither", async () => {
    const first = await gateway.pay({ account }, { headers: wait });
    const key = { 'idempotency-key': first.body.opId, ...wait };

    const second = await gateway.pay({ account }, { headers: key });
    const funded = await gateway.send('POST', `/v1/accounts/${account}/funding`, {
      body: { amount: 1, currency: 'EUR' },
      headers: key,
    });

    const ids = [first, second, funded].map(({ body }) => body.opId);
    expect(new Set(ids).size).toBe(3);
    expect([second.status, funded.status]).toEqual([200, 200]);
  });

  test('means nothing on a GET', async () => {
    const headers = { 'idempotency-key': 'short' };
    expect((await gateway.send('GET', `/v1/accounts/${account}`, { headers })).status).toBe(200);
  });
});
