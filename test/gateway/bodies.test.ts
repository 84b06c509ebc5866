import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AccountId, amountMax } from '../../src/domain/index.js';
import { aGateway, type Answer, type TestGateway } from './a-gateway.js';

let gateway: TestGateway;
let account: AccountId;

beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
  account = await gateway.world.account(100_00, { owner: 'ada' });
});
afterAll(() => gateway.stop());

/** Status, code and faults of a refusal that has the form of one, and of which nothing came. */
async function refusalOf(ask: () => Promise<Answer>): Promise<readonly unknown[]> {
  const stateOf = async () => [
    await gateway.operations(),
    await gateway.world.reads.account(gateway.world.tenant, account),
  ];
  const before = await stateOf();
  const { status, body, headers, text } = await ask();

  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toMatchObject({
    type: `urn:holdfast:problem:${body.code}`,
    title: expect.stringMatching(/^[A-Z].{5,80}$/),
    status,
    requestId: headers.get('x-request-id'),
  });
  expect(text).not.toMatch(/at .*\.(ts|js):|select |fastify|postgres|zod|node_modules/i);
  expect(await stateOf()).toEqual(before);
  return [status, body.code, ...(body.errors === undefined ? [] : [body.errors])];
}

const wrong = (amount: string) => `"account":"ACCOUNT","currency":"EUR","amount":${amount}`;

describe('a body with one fault', () => {
  test.each<readonly string[]>([
    ['no amount', '"account":"ACCOUNT","currency":"EUR"', 'field-required', 'amount'],
    ['null', wrong('null'), 'amount-invalid', 'amount'],
    ['zero', wrong('0'), 'amount-not-positive', 'amount'],
    ['below zero', wrong('-1'), 'amount-not-positive', 'amount'],
    ['minus zero', wrong('-0'), 'amount-invalid', 'amount'],
    ['a fraction', wrong('0.1'), 'amount-invalid', 'amount'],
    ['a float of major units', wrong('10.005'), 'amount-invalid', 'amount'],
    ['Infinity by exponent', wrong('1e400'), 'amount-invalid', 'amount'],
    ...['"NaN"', '"Infinity"', '"1e3"', '"0x10"', '" 7 "', '"+7"', '"007"', '"100"', '"-1"'].map(
      (text) => [text, wrong(text), 'amount-invalid', 'amount'] as const,
    ),
    ...['"10,50"', '"1,000"', '"١٠"', '"１０"', '[100]', '{"v":100}', 'true'].map(
      (text) => [text, wrong(text), 'amount-invalid', 'amount'] as const,
    ),
    ['2^53 + 1', wrong('9007199254740993'), 'amount-too-large', 'amount'],
    ['2^63 - 1', wrong('9223372036854775807'), 'amount-too-large', 'amount'],
    ['2^63', wrong('9223372036854775808'), 'amount-too-large', 'amount'],
    ['the limit + 1', wrong(`${amountMax + 1}`), 'amount-too-large', 'amount'],
    ['10,000 digits', wrong('9'.repeat(10_000)), 'amount-invalid', 'amount'],
    ['no currency', '"account":"ACCOUNT","amount":1', 'field-required', 'currency'],
    ...['', 'usd', 'US', 'USDX', 'XXX', 'BTC'].map(
      (code) =>
        [
          `currency "${code}"`,
          `"account":"ACCOUNT","amount":1,"currency":"${code}"`,
          'currency-invalid',
          'currency',
        ] as const,
    ),
    ['a lone surrogate', `${wrong('1')},"description":"\\ud800"`, 'text-invalid', 'description'],
    ['NUL', `${wrong('1')},"description":"\\u0000"`, 'text-invalid', 'description'],
    ['NUL in an id', wrong('1').replace('ACCOUNT', 'a\\u0000'), 'account-invalid', 'account'],
    ['a path for an id', wrong('1').replace('ACCOUNT', '../x'), 'account-invalid', 'account'],
    [
      '501 letters',
      `${wrong('1')},"description":"${'x'.repeat(501)}"`,
      'text-too-long',
      'description',
    ],
    ['a date', `${wrong('1')},"scheduledAt":"2026-02-30"`, 'moment-invalid', 'scheduledAt'],
    ['half a capture', `${wrong('1')},"capture":"half"`, 'field-invalid', 'capture'],
    ...[
      ...['balance', 'held', 'version', 'state', 'fee', 'tenantId', 'userId', 'createdAt'],
      ...['tip', 'parts', 'instalments', 'callbackUrl'],
    ].map(
      (name) => [`the field ${name}`, `${wrong('1')},"${name}":1`, 'unknown-field', name] as const,
    ),
    ['constructor', `${wrong('1')},"constructor":1`, 'unknown-field', 'constructor'],
    [
      'deep nesting',
      wrong(`${'['.repeat(10_000)}${']'.repeat(10_000)}`),
      'amount-invalid',
      'amount',
    ],
  ])('(%s) is refused by its name', async (_, fields = '', code = '', path) => {
    const body = `{${fields.replace('ACCOUNT', account)}}`;

    expect(await refusalOf(() => pay(body))).toEqual([422, code, [{ path, code }]]);
  });

  test.each(['null', '[]', '"x"', '1', '', 'true'])('(%j as a whole) is refused', async (body) => {
    const faults = [{ path: '', code: 'body-invalid' }];
    expect(await refusalOf(() => pay(body))).toEqual([422, 'body-invalid', faults]);
  });
});

test('a body with several faults is refused with all of them', async () => {
  const body = '{"amount":0,"currency":"x","role":"admin"}';

  expect(await refusalOf(() => pay(body))).toEqual([
    422,
    'validation-failed',
    [
      { path: 'role', code: 'unknown-field' },
      { path: 'account', code: 'field-required' },
      { path: 'amount', code: 'amount-not-positive' },
      { path: 'currency', code: 'currency-invalid' },
    ],
  ]);
});

test.each([
  ['same-account', 422, { payTo: 'ACCOUNT', method: 'balance' }],
  ['account-unknown', 404, { account: 'nobody' }],
  ['account-unknown', 404, { payTo: 'nobody' }],
  ['currency-mismatch', 422, { currency: 'USD' }],
])('an account that does not fit is %s (%i) for %j', async (code, status, fields) => {
  const body = JSON.stringify({ account, amount: 1, currency: 'EUR', ...fields });

  const refusal = await refusalOf(() => pay(body.replace('ACCOUNT', account)));
  expect(refusal).toEqual([status, code]);
});

test.each([
  ['closed', 'account', 409],
  ['closed', 'payTo', 409],
  ['frozen', 'account', 409],
] as const)('an account that is %s cannot be the %s (%i)', async (state, field, status) => {
  const other = await gateway.world.account(0);
  const path = `/v1/accounts/${other}`;
  const etag = (await gateway.send('GET', path)).headers.get('etag') ?? '';
  await gateway.send('PATCH', path, { body: { status: state }, headers: { 'if-match': etag } });
  const body = { account, amount: 1, currency: 'EUR', method: 'balance', payTo: account };

  const refusal = await refusalOf(() => pay(JSON.stringify({ ...body, [field]: other })));
  expect(refusal).toEqual([status, `account-${state}`]);
});

test.each([
  ['EUR', 1e2, '1e2'],
  ['JPY', 100, '100'],
  ['KWD', 100, '100.0'],
] as const)('100 minor units of %s are 100, written %s as %s', async (currency, minor, text) => {
  const paying = await gateway.world.account(1_000, { currency });

  const headers = { prefer: 'wait=20' };
  const answer = await pay(
    `{"account":"${paying}","currency":"${currency}","amount":${text}}`,
    headers,
  );

  expect([answer.status, answer.body.amount]).toEqual([200, minor]);
  expect(await gateway.world.available(paying)).toBe(900);
});

test.each([
  ['<script>alert(1)</script>'],
  ["'; drop table ledger.operation; --"],
  ['a\r\nlevel: fatal'],
  ['\u001b[31mred\u202e'],
  ['\u{1f4b8}'],
  [`e${'\u0301'.repeat(499)}`],
])('a description is kept as it is, whatever it holds: %j', async (description) => {
  const paying = await gateway.world.account(30_00);

  const answer = await gateway.pay(
    { account: paying, description },
    { headers: { prefer: 'wait=20' } },
  );

  const { owner } = gateway.world.database;
  const { opId } = answer.body;
  const [row] = await owner`select sealed from ledger.operation where op_id = ${opId}`;
  const sealed = Buffer.from(row?.sealed).toString('base64');
  expect(answer.status).toBe(200);
  expect(gateway.world.keys.open(sealed, opId)).toEqual({ description });
});

const whole = () => `{"account":"${account}","amount":1,"currency":"EUR"}`;

describe('bytes that are not JSON in UTF-8', () => {
  test.each([
    ['cut short', () => whole().slice(0, -1)],
    ['a comma too many', () => whole().replace('}', ',}')],
    ['a comment', () => `${whole()} // paid`],
    ['single quotes', () => whole().replaceAll('"', "'")],
    ['a mark of byte order', () => `\uFEFF${whole()}`],
    ['NaN', () => whole().replace(':1,', ':NaN,')],
    ['Infinity', () => whole().replace(':1,', ':Infinity,')],
    ['not UTF-8', () => Buffer.from(whole().replace('EUR', 'E\u00e9'), 'latin1')],
    ['UTF-16', () => Buffer.from(whole(), 'utf16le')],
    ['__proto__', () => whole().replace('{', '{"__proto__":{"role":"admin"},')],
    ['__proto__ in escapes', () => whole().replace('{', '{"__\\u0070roto__":{"role":"admin"},')],
    ['a prototype', () => whole().replace('{', '{"constructor":{"prototype":{"role":1}},')],
  ])('(%s) are refused', async (_, body) => {
    expect(await refusalOf(() => pay(body()))).toEqual([400, 'json-invalid']);
    expect(({} as { role?: unknown }).role).toBeUndefined();
  });

  test('of a name that is there twice the last one counts, for the fingerprint too', async () => {
    const key = { 'idempotency-key': nanoid(), prefer: 'wait=20' };
    const twice = whole().replace('"amount":1', '"amount":999,"amount":1');

    const first = await pay(twice, key);
    const again = await pay(whole(), key);

    expect([first.body.amount, again.body.opId]).toEqual([1, first.body.opId]);
  });

  test.each([
    ['one byte', () => whole().padEnd(64 * 1024 + 1)],
    ['a megabyte of text', () => `{"description":"${'x'.repeat(1024 * 1024)}"}`],
    [
      '100,000 names',
      () =>
        JSON.stringify(
          Object.fromEntries(
            Array(1e5)
              .fill(0)
              .map((_, n) => [n, n]),
          ),
        ),
    ],
  ])('too many of them (%s) are refused', async (_, body) => {
    expect(await refusalOf(() => pay(body()))).toEqual([413, 'body-too-large']);
  });

  test('as many as are allowed are read', async () => {
    const { status } = await pay(whole().padEnd(64 * 1024), { prefer: 'wait=20' });
    expect(status).toBe(200);
  });
});

describe('the media type', () => {
  test.each([
    'text/plain',
    'application/xml',
    'multipart/form-data; boundary=x',
    'application/x-www-form-urlencoded',
    'application/json\ta',
    'application/json;',
    'application/json ;charset=x',
    'application/json; charset=utf-16',
    'application/json; charset=utf-7',
    'application/jsonp',
    'application/json, text/plain',
    'application/vnd.api+json',
    'json',
  ])('"%s" is refused', async (type) => {
    const ask = () => pay(whole(), { 'content-type': type });
    expect(await refusalOf(ask)).toEqual([415, 'media-type-unsupported']);
  });

  test('is needed for a body', async () => {
    const ask = () => pay(Buffer.from(whole()), { 'content-type': '' });
    expect(await refusalOf(ask)).toEqual([415, 'media-type-unsupported']);
  });

  test.each(['gzip', 'br', 'gzip, gzip', 'deflate', 'x'])(
    'packed with "%s" is refused',
    async (by) => {
      const ask = () => pay(whole(), { 'content-encoding': by });
      expect(await refusalOf(ask)).toEqual([415, 'media-type-unsupported']);
    },
  );

  test.each([' application/json', 'APPLICATION/JSON', 'application/json; charset=UTF-8'])(
    '"%s" is read, and its body as strictly as any',
    async (type) => {
      const ask = () => pay('{"amount":1}', { 'content-type': type });
      expect((await refusalOf(ask)).slice(0, 2)).toEqual([422, 'validation-failed']);
    },
  );
});

function pay(body: string | Buffer, headers: Record<string, string> = {}): Promise<Answer> {
  return gateway.send('POST', '/v1/payments', {
    body,
    headers: { 'idempotency-key': nanoid(), ...headers },
  });
}
