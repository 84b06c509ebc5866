import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aGateway, type TestGateway } from './a-gateway.js';
import { aTus, encoded, someBytes, type Tus } from './a-tus.js';

let gateway: TestGateway;
let tus: Tus;
let account: string;

beforeAll(async () => {
  gateway = await aGateway({ uploadLimits: { openMax: 3 } });
  tus = aTus(gateway);
  await gateway.world.work();
  account = await tus.quota(1_000);
});
afterAll(() => gateway.stop());

const version = { 'tus-resumable': '1.0.0' };

describe('an upload that cannot be', () => {
  test.each([
    ['size 0', '0', 422, 'amount-not-positive'],
    ['a negative size', '-1', 422, 'amount-invalid'],
    ['a size that is no number', 'ten', 422, 'amount-invalid'],
    ['half a byte', '1.5', 422, 'amount-invalid'],
    ['2^53 bytes', '9007199254740992', 413, 'body-too-large'],
    ['more than its parts could hold', '83886080001', 413, 'body-too-large'],
    ['more than there is room for', '1001', 413, 'quota-exceeded'],
  ])('for %s is refused, and nothing of it is held', async (_, size, status, code) => {
    const answer = await gateway.send('POST', '/v1/uploads', {
      headers: {
        ...{ ...version, 'upload-length': size, 'upload-metadata': encoded({ account }) },
      },
    });

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await gateway.world.available(account as never)).toBe(1_000);
  });

  test.each([
    ['without the version', { 'upload-length': '1' }, 412, 'tus-version-unsupported'],
    ['of another version', { 'tus-resumable': '0.2.2' }, 412, 'tus-version-unsupported'],
    ['without its size', version, 422, 'amount-invalid'],
    [
      'with a size that comes later',
      { ...version, 'upload-defer-length': '1' },
      422,
      'amount-invalid',
    ],
    [
      'in one of several pieces',
      { ...version, 'upload-length': '1', 'upload-concat': 'partial' },
      400,
      'upload-header-invalid',
    ],
    [
      'with metadata that are not base64',
      { ...version, 'upload-length': '1', 'upload-metadata': 'filename *' },
      400,
      'upload-header-invalid',
    ],
    [
      'with a malformed key',
      { ...version, 'upload-length': '1', 'idempotency-key': 'short' },
      400,
      'idempotency-key-invalid',
    ],
  ])('%s is refused', async (_, headers, status, code) => {
    const answer = await gateway.send('POST', '/v1/uploads', { headers });

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('tus-resumable')).toBe('1.0.0');
  });

  test.each([
    ['of 300 characters', { filename: 'n'.repeat(300) }, 'text-too-long'],
    ['with a NUL', { filename: 'a\0b' }, 'text-invalid'],
  ])('is refused for a name %s', async (_, metadata, code) => {
    const { status, body } = await tus.create(1, { account, ...metadata });

    expect([status, body.code]).toEqual([422, code]);
  });

  test.each([
    ['an account of somebody else', () => tus.quota(10, 'bea'), 404, 'account-unknown'],
    ['an account that is not there', async () => 'acc-nowhere', 404, 'account-unknown'],
    [
      'an account in another currency',
      () => gateway.world.account(10, { owner: 'carl' }),
      422,
      'currency-mismatch',
    ],
  ])('is refused for %s', async (_, of, status, code) => {
    const answer = await tus.create(1, { account: await of() }, { as: 'customer', sub: 'carl' });

    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  test('beside as many as an account may have is 429, a repetition of one is not', async () => {
    const full = await tus.quota(100);
    const headers = { 'idempotency-key': nanoid() };
    await tus.create(1, { account: full }, { headers });
    await tus.create(1, { account: full });
    await tus.create(1, { account: full });

    const fourth = await tus.create(1, { account: full });
    const again = await tus.create(1, { account: full }, { headers });

    expect([fourth.status, fourth.body.code]).toEqual([429, 'too-many-uploads']);
    expect(fourth.headers.get('retry-after')).toBe('60');
    expect(again.status).toBe(201);
  });
});

describe('bytes that cannot be', () => {
  test.each([
    ['at an offset beyond what is kept', '5', 409, 'offset-conflict'],
    ['at an offset before it', '0', 409, 'offset-conflict'],
    ['at half an offset', '1.5', 400, 'upload-header-invalid'],
    ['at a negative offset', '-1', 400, 'upload-header-invalid'],
  ])('%s are refused, and change nothing', async (_, offset, status, code) => {
    const own = await tus.quota(10);
    const opId = await tus.begun(10, { account: own });
    await tus.patch(opId, 0, someBytes(4));

    const answer = await tus.patch(opId, 4, someBytes(1), { headers: { 'upload-offset': offset } });

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect([await tus.offset(opId), (await tus.parts(opId)).length]).toEqual([4, 1]);
  });

  test('are more than was announced: none of them is kept', async () => {
    const opId = await tus.begun(10, { account: await tus.quota(10) });

    const { status, body } = await tus.patch(opId, 0, someBytes(11));

    expect([status, body.code]).toEqual([413, 'body-too-large']);
    expect([await tus.offset(opId), await tus.parts(opId)]).toEqual([0, []]);
  });

  test('come with their creation and are more than was announced: nothing is held', async () => {
    const own = await tus.quota(10);

    const { status } = await tus.create(10, { account: own }, { bytes: someBytes(11) });

    expect(status).toBe(413);
    expect(await gateway.world.available(own as never)).toBe(10);
  });

  test('come in chunks and are more than was announced', async () => {
    const opId = await tus.begun(10, { account: await tus.quota(10) });
    const token = await gateway.issuer.token('admin', 'ada', gateway.world.tenant);

    const { status } = await gateway.raw(
      [
        `PATCH /v1/uploads/${opId} HTTP/1.1`,
        ...['host: x', `authorization: Bearer ${token}`, 'tus-resumable: 1.0.0'],
        ...['upload-offset: 0', 'content-type: application/offset+octet-stream'],
        ...['transfer-encoding: chunked', 'connection: close', '', 'b', 'elevenbytes', '0', '', ''],
      ].join('\r\n'),
    );

    expect(status).toBe(413);
    expect(await tus.offset(opId)).toBe(0);
  });

  test.each([
    ['without their type', {}, 400],
    ['of another type', { 'content-type': 'application/json' }, 400],
  ])('%s are refused', async (_, headers, status) => {
    const opId = await tus.begun(10, { account: await tus.quota(10) });

    const answer = await gateway.send('PATCH', `/v1/uploads/${opId}`, {
      headers: { ...version, 'upload-offset': '0', ...headers },
      body: Buffer.from('bytes'),
    });

    expect(answer.status).toBe(status);
    expect(await tus.offset(opId)).toBe(0);
  });

  test('for an upload that is not theirs are for none at all', async () => {
    const opId = await tus.begun(10, { account: await tus.quota(10) });
    const stranger = { as: 'customer', sub: 'mallory' } as const;

    const [patch, head, foreign, unknown] = await Promise.all([
      tus.patch(opId, 0, someBytes(1), stranger),
      tus.offset(opId, stranger),
      tus.offset(opId, { tenant: 'another' }),
      tus.patch('op_unknown', 0, someBytes(1)),
    ]);

    expect([patch.status, patch.body.code]).toEqual([404, 'operation-unknown']);
    expect([head, foreign, unknown.status]).toEqual([404, 404, 404]);
    expect(await tus.offset(opId)).toBe(0);
  });

  test('without a token are refused before they are read', async () => {
    const opId = await tus.begun(10, { account: await tus.quota(10) });

    expect((await tus.patch(opId, 0, someBytes(1), { as: null })).status).toBe(401);
  });
});
