import { connect } from 'node:net';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountId } from '../../src/domain/index.js';
import { aGateway, type TestGateway } from './a-gateway.js';

let gateway: TestGateway;
let account: AccountId;
let quota: AccountId;
let token: string;

beforeAll(async () => {
  const limits = { requestTimeoutMs: 2_000, headersTimeoutMs: 1_000 };
  gateway = await aGateway({ limits });
  await gateway.world.work();
  account = await gateway.world.account(100_00);
  quota = await gateway.world.account(10_000_000, { currency: 'BYTE', owner: 'ada' });
  token = await gateway.issuer.token('admin', 'ada', gateway.world.tenant);
});
afterAll(() => gateway.stop());

const lines = (...fields: string[]) => `${fields.join('\r\n')}\r\n\r\n`;
const payment = '{"account":"a","amount":1,"currency":"EUR"}';

describe('bytes that are no request', () => {
  test.each([
    [
      400,
      lines(
        'POST /v1/payments HTTP/1.1',
        'host: x',
        'content-length: 5',
        'transfer-encoding: chunked',
      ),
    ],
    [400, lines('POST /v1/payments HTTP/1.1', 'host: x', 'content-length: 5', 'content-length: 6')],
    [400, lines('POST /v1/payments HTTP/1.1', 'host: x', 'transfer-encoding: xchunked')],
    [400, lines('POST /v1/payments HTTP/1.1', 'host: x', 'content-length: -5')],
    [400, lines('GET /livez HTTP/1.1', 'host : x')],
    [400, 'GET /livez HTTP/1.1\nhost: x\n\n'],
    [400, lines('GET /livez HTTP/1.1', 'host: x', 'idempotency-key: a\0b')],
    [400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    [400, Buffer.from('160301020001000001fc0303', 'hex')],
    [400, 'random bytes that mean nothing\r\n\r\n'],
    [431, lines('GET /livez HTTP/1.1', 'host: x', `x-long: ${'x'.repeat(17 * 1024)}`)],
    [431, lines('GET /livez HTTP/1.1', 'host: x', ...Array(2_000).fill('x-many: 12345678'))],
    [414, lines(`GET /${'x'.repeat(16 * 1024)} HTTP/1.1`, 'host: x')],
  ])('are answered with %i, as a problem: %j', async (status, bytes) => {
    const answer = await gateway.raw(bytes);

    expect([answer.status, answer.body.status]).toEqual([status, status]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('connection')).toBe('close');
    expect((await gateway.send('GET', '/livez')).status).toBe(200);
  });

  test('a request without a host is refused', async () => {
    expect((await gateway.raw(lines('GET /livez HTTP/1.1'))).status).toBe(400);
  });

  test('more headers than anybody needs are refused', async () => {
    const many = Array.from({ length: 120 }, (_, n) => `x-${n}: 1`);
    const answer = await gateway.raw(
      lines('GET /livez HTTP/1.1', 'host: x', ...many, 'connection: close'),
    );

    expect([answer.status, answer.body.code]).toEqual([431, 'headers-too-large']);
  });
});

describe('a request that does not end', () => {
  test.each([
    ['its headers', 'GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: '],
    ['its body', () => `${head('content-length: 1000')}{`],
    [
      'a body that it waits for leave to send',
      () => head('expect: 100-continue', 'content-length: 9'),
    ],
  ])('within %s is given up with 408', async (_, start) => {
    const { text } = await gateway.raw(typeof start === 'string' ? start : start());

    expect(text.length > 0 ? text : '408').toContain('408');
  });

  test('is refused as too large before it is read', async () => {
    const answer = await gateway.raw(head(`content-length: ${10 * 1024 ** 3}`));

    expect([answer.status, answer.body.code]).toEqual([413, 'body-too-large']);
    expect(answer.headers.get('connection')).toBe('close');
  });

  test('is refused as too large once its chunks are', async () => {
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const answer = await gateway.raw(head('transfer-encoding: chunked') + chunk.repeat(6));

    expect([answer.status, answer.body.code]).toEqual([413, 'body-too-large']);
  });

  test('and is cut off by its caller leaves nothing and hurts nobody', async () => {
    const before = await gateway.operations();
    const socket = connect(gateway.port, '127.0.0.1');
    socket.write(`${head('content-length: 1000')}{"account"`);
    await new Promise((resolve) => socket.on('connect', resolve));
    socket.destroy();

    expect((await gateway.send('GET', '/livez')).status).toBe(200);
    expect(await gateway.operations()).toBe(before);
  });

  function head(...fields: string[]): string {
    return lines(
      ...['POST /v1/payments HTTP/1.1', 'host: x', `authorization: Bearer ${token}`],
      ...['content-type: application/json', `idempotency-key: ${nanoid()}`, ...fields],
    );
  }
});

describe('a form of several parts', () => {
  const part = (head: string) => `--b\r\n${head}\r\n\r\nx\r\n`;
  const fields = (count: number, nameOf: (n: number) => string) =>
    `${Array.from({ length: count }, (_, n) => part(nameOf(n))).join('')}--b--\r\n`;
  const named = (n: number) => `content-disposition: form-data; name="f${n}"`;
  const nested = 'content-type: multipart/mixed; boundary=b';
  const forms: readonly (readonly [string, string, string, number])[] = [
    ['without a boundary', '', fields(1, named), 415],
    ['with a boundary of 70 KB', `; boundary=${'b'.repeat(70 * 1024)}`, fields(1, named), 431],
    ['of 10,000 fields', '; boundary=b', fields(10_000, named), 415],
    ['with a field without a name', '; boundary=b', fields(1, () => 'content-type: x/y'), 415],
    ['in another', '; boundary=b', fields(1, () => nested), 415],
  ];

  test.each(
    ['/v1/uploads', '/v1/payments'].flatMap((path) =>
      forms.map(([what, boundary, body, status]) => {
        // Of an upload the type of its first bytes is a header among those of tus.
        const as = path === '/v1/uploads' && status === 415 ? 400 : status;
        return [path, what, boundary, body, as] as const;
      }),
    ),
  )('at %s %s is refused, and the process lives', async (path, _, boundary, body, status) => {
    const before = await gateway.operations();
    const room = Buffer.from(quota).toString('base64');

    const answer = await gateway.raw(
      `${lines(
        ...[`POST ${path} HTTP/1.1`, 'host: x', `authorization: Bearer ${token}`],
        ...[`content-type: multipart/form-data${boundary}`, `content-length: ${body.length}`],
        ...[`idempotency-key: ${nanoid()}`, 'tus-resumable: 1.0.0'],
        ...[
          `upload-length: ${body.length}`,
          `upload-metadata: account ${room}`,
          'connection: close',
        ],
      )}${body}`,
    );

    expect([answer.status, answer.body.status]).toEqual([status, status]);
    expect((await gateway.send('GET', '/livez')).status).toBe(200);
    expect(await gateway.operations()).toBe(before);
  });
});

describe('a path', () => {
  test.each([
    ['/v1/payments', 'POST', ['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']],
    ['/v1/operations/op_abcd', 'GET, HEAD', ['POST', 'PUT', 'DELETE']],
    ['/v1/accounts/a', 'GET, HEAD, PATCH', ['POST', 'PUT', 'DELETE']],
    ['/livez', 'GET, HEAD', ['POST', 'DELETE']],
  ])('%s has %s and no other method', async (path, allow, others) => {
    for (const method of others) {
      const answer = await gateway.send(method, path);

      expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, allow]);
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  test.each(['TRACE', 'PROPFIND', 'QUERY'])('does not have %s', async (method) => {
    const { status } = await gateway.raw(
      lines(`${method} /v1/payments HTTP/1.1`, 'host: x', 'connection: close'),
    );
    expect(status).toBe(405);
  });

  test('is no way to connect to something else', async () => {
    const { status } = await gateway.raw(lines('CONNECT example.test:443 HTTP/1.1', 'host: x'));
    expect(status).toBe(405);
  });

  test('with a body that would be refused is still of another method', async () => {
    const sent = { body: '{', headers: { 'content-type': 'text/plain' } };
    expect((await gateway.send('PUT', '/v1/payments', sent)).status).toBe(405);
  });

  test('takes no other method from a header', async () => {
    const headers = { 'x-http-method-override': 'PATCH', 'if-match': '"1"' };
    const answer = await gateway.send('GET', `/v1/accounts/${account}`, { headers });

    expect([answer.status, answer.body.status]).toEqual([200, 'open']);
  });

  test.each([
    '//v1/payments',
    '/v1//payments',
    '/v1/payments/',
    '/v1/payments.',
    '/V1/payments',
    '/v1/Payments',
    '/v1/payments;x=1',
    '/v1/payments/..%2foperations',
    '/v1/payments/%2e%2e%2foperations/x',
    '/v1/accounts/a/balance/x',
    '/',
    '/admin',
    '/openapi.json/',
  ])('%s is unknown', async (path) => {
    const answer = await gateway.raw(
      lines(
        ...[`POST ${path} HTTP/1.1`, 'host: x', `authorization: Bearer ${token}`],
        ...['content-type: application/json', `idempotency-key: ${nanoid()}`],
        ...[`content-length: ${payment.length}`, 'connection: close', '', payment],
      ),
    );

    expect([answer.status, answer.body.code]).toEqual([404, 'not-found']);
  });

  test.each(['/v1/accounts/%', '/v1/accounts/%zz', '/%c0%ae'])(
    '%s cannot be read',
    async (path) => {
      const answer = await gateway.raw(
        lines(`GET ${path} HTTP/1.1`, 'host: x', 'connection: close'),
      );

      expect([answer.status, answer.body.code]).toEqual([400, 'request-invalid']);
    },
  );

  test.each([
    ['an account', '/v1/accounts/', 'account-unknown'],
    ['an operation', '/v1/operations/', 'operation-unknown'],
  ])('of %s with an id of any length or shape is unknown', async (_, path, code) => {
    for (const id of [
      'x'.repeat(200),
      '..%2f..%2fetc',
      '%00',
      '{id}',
      "'--",
      'ａ',
      '%F0%9F%92%B8',
    ]) {
      const answer = await gateway.send('GET', `${path}${id}`);
      expect([id, answer.status, answer.body.code]).toEqual([id, 404, code]);
    }
    expect((await gateway.send('GET', `${path}${'x'.repeat(1_000)}`)).status).toBe(404);
  });

  test('of more than 8 KB is too long', async () => {
    const answer = await gateway.send('GET', `/v1/operations?bizKey=${'x'.repeat(8_192)}`);

    expect([answer.status, answer.body.code]).toEqual([414, 'url-too-long']);
  });

  test('takes no parameter that it does not know, whatever the body says', async () => {
    const answer = await gateway.send('POST', '/v1/payments?amount=1', {
      body: { account, amount: 2, currency: 'EUR' },
      headers: { 'idempotency-key': nanoid() },
    });

    expect([answer.status, answer.body.code]).toEqual([400, 'query-invalid']);
    expect(answer.body.errors).toEqual([{ path: 'amount', code: 'unknown-field' }]);
  });
});

test('links name no host, whatever the request calls us', async () => {
  const answer = await gateway.raw(
    lines(
      'GET http://evil.test/v1/operations HTTP/1.1',
      'host: evil.test',
      `authorization: Bearer ${token}`,
      'connection: close',
    ),
  );

  expect(answer.text).not.toContain('evil.test');
});

test("a request has an id of ours, never the caller's", async () => {
  const headers = { 'x-request-id': 'forged', 'request-id': 'forged' };
  const answers = await Promise.all(
    Array.from({ length: 3 }, () => gateway.send('GET', '/v1/operations/x', { headers })),
  );

  const ids = answers.map(({ body }) => body.requestId);
  expect(new Set(ids).size).toBe(3);
  expect(ids).not.toContain('forged');
  for (const id of ids) expect(gateway.lines.some(({ requestId }) => requestId === id)).toBe(true);
});
