import { type CryptoKey, exportSPKI, generateKeyPair, importJWK, type JWK } from 'jose';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccountId } from '../../src/domain/index.js';
import { type Role, roles } from '../../src/gateway/index.js';
import { aGateway, type TestGateway, type TestIssuer } from './a-gateway.js';

let gateway: TestGateway;
let account: AccountId;
let tenant: string;

beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
  tenant = gateway.world.tenant;
  account = await gateway.world.account(100_00, { owner: 'ada' });
});
afterAll(() => gateway.stop());

/** Asks for the account with these headers as they stand. */
function ask(...headers: string[]) {
  const fields = [`GET /v1/accounts/${account} HTTP/1.1`, 'host: x', 'connection: close'];
  return gateway.raw(`${[...fields, ...headers].join('\r\n')}\r\n\r\n`);
}

const askWith = (token: string) => ask(`authorization: Bearer ${token}`);

describe('a token', () => {
  test('that is good lets its bearer in', async () => {
    const answer = await askWith(await gateway.issuer.token('admin', 'ada', tenant));

    expect([answer.status, answer.body.id]).toEqual([200, account]);
  });

  const noSignature = (token: string) => token.replace(/[^.]*$/, '');
  const recoded = (token: string, alg: string) => {
    const header = Buffer.from(JSON.stringify({ alg, typ: 'JWT' })).toString('base64url');
    return noSignature(token).replace(/^[^.]*/, header);
  };

  test.each<[string, (issuer: TestIssuer) => Promise<string[]>]>([
    ['is not there', async () => []],
    ['is empty', async () => ['Bearer']],
    ['is a word', async () => ['bearer x']],
    ['is of another scheme', async () => ['Basic YWRhOmFkYQ==']],
    ['is unsigned', async ({ sign }) => [`Bearer ${recoded(await sign({ tenant }), 'none')}`]],
    [
      'is unsigned in capitals',
      async ({ sign }) => [`Bearer ${recoded(await sign({ tenant }), 'nOnE')}`],
    ],
    ['lost its signature', async ({ sign }) => [`Bearer ${noSignature(await sign({ tenant }))}`]],
    ['has two parts', async () => ['Bearer eyJhbGciOiJSUzI1NiJ9.e30']],
    ['has four parts', async ({ sign }) => [`Bearer ${await sign({ tenant })}.x`]],
    ['is long', async () => [`Bearer ${'x'.repeat(12_000)}`]],
    [
      'has other claims than were signed',
      async ({ sign }) => {
        const [header, , signature] = (await sign({ tenant })).split('.');
        const [, claims] = (await sign({ tenant, role: 'admin', sub: 'eve' })).split('.');
        return [`Bearer ${header}.${claims}.${signature}`];
      },
    ],
    [
      'is there twice',
      async ({ token }) => {
        const good = `Bearer ${await token('admin', 'ada', tenant)}`;
        return [good, good];
      },
    ],
  ])('that %s is refused', async (_, given) => {
    const headers = (await given(gateway.issuer)).map((one) => `authorization: ${one}`);
    const answer = await ask(...headers);

    expect([answer.status, answer.body.code]).toEqual([401, 'auth-required']);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm="holdfast"/);
    expect(answer.text).not.toContain(account);
  });

  const now = Math.floor(Date.now() / 1_000);
  test.each([
    ['exp', undefined],
    ['exp', now - 600],
    ['exp', 'soon'],
    ['exp', -1],
    ['nbf', now + 600],
    ['iss', undefined],
    ['iss', 'https://issuer.test'],
    ['iss', ['https://issuer.test/'] as never],
    ['aud', undefined],
    ['aud', 'other'],
    ['aud', []],
    ['sub', undefined],
    ['sub', ''],
    ['sub', 7],
    ['sub', 'a b'],
    ['sub', 'a\u0000'],
    ['tenant', undefined],
    ['tenant', ''],
    ['tenant', 'a b'],
    ['tenant', ['t']],
    ['role', undefined],
    ['role', 'admin '],
    ['role', 'Admin'],
    ['role', ['customer', 'admin']],
    ['role', { admin: true }],
    ['role', 'root'],
  ])('whose %s is %j is refused', async (claim, value) => {
    const answer = await askWith(await gateway.issuer.sign({ tenant, [claim]: value }));

    expect([answer.status, answer.body.code]).toEqual([401, 'auth-required']);
  });

  test('for several audiences, ours among them, is good', async () => {
    const token = await gateway.issuer.sign({ tenant, aud: ['other', gateway.issuer.audience] });

    expect((await askWith(token)).status).toBe(200);
  });

  test.each(['RS384', 'PS256', 'ES256', 'EdDSA'])(
    'signed with %s is refused, whoever signed',
    async (alg) => {
      const { privateKey } = await generateKeyPair(alg);

      expect(
        (await askWith(await gateway.issuer.sign({ tenant }, { alg }, privateKey))).status,
      ).toBe(401);
    },
  );

  test.each(['RS384', 'RS512', 'PS256'])(
    "signed with %s and the issuer's own key is refused",
    async (alg) => {
      const key = (await importJWK(gateway.issuer.secret, alg)) as CryptoKey;

      expect((await askWith(await gateway.issuer.sign({ tenant }, { alg }, key))).status).toBe(401);
    },
  );

  test('signed with the public key as if it were a secret is refused', async () => {
    const { keys } = (await (await fetch(gateway.issuer.jwksUrl)).json()) as { keys: JWK[] };
    const spki = await exportSPKI(
      (await importJWK(keys[0] as JWK, 'RS256', { extractable: true })) as never,
    );
    const secret = new TextEncoder().encode(spki);
    const token = await gateway.issuer.sign({ tenant }, { alg: 'HS256' }, secret);

    expect((await askWith(token)).status).toBe(401);
  });

  test("signed with the caller's own key is refused, and nothing it names is asked", async () => {
    const { privateKey } = await generateKeyPair('RS256');
    const asked = gateway.issuer.asked();
    const url = gateway.issuer.jwksUrl;
    for (const header of [
      {},
      { jku: url },
      { x5u: url },
      { kid: '../../dev/null' },
      { kid: ['one'] },
    ]) {
      const token = await gateway.issuer.sign({ tenant }, header, privateKey);
      expect((await askWith(token)).status).toBe(401);
    }
    expect(gateway.issuer.asked()).toBe(asked);
  });

  test('with an extension that must be understood is refused', async () => {
    const sign = gateway.issuer.sign({ tenant }, { crit: ['x'], x: 1 });
    // The library that signs refuses too: so the header is put there by hand.
    await expect(sign).rejects.toThrow();
    const [, claims, signature] = (await gateway.issuer.sign({ tenant })).split('.');
    const header = Buffer.from('{"alg":"RS256","kid":"one","crit":["x"],"x":1}').toString(
      'base64url',
    );

    expect((await askWith(`${header}.${claims}.${signature}`)).status).toBe(401);
  });

  test('in the query is not looked at', async () => {
    const token = await gateway.issuer.token('admin', 'ada', tenant);
    const path = `/v1/accounts/${account}?access_token=${token}`;

    expect((await gateway.send('GET', path, { as: null })).status).toBe(401);
    expect(JSON.stringify(gateway.lines)).not.toContain(token.slice(-40));
  });
});

describe('who may do what', () => {
  const all = [...roles];
  test.each<[string, string, readonly Role[]]>([
    ['POST', '/v1/payments', all],
    ['POST', '/v1/payments/op_aaaa/cancel', all],
    ['GET', '/v1/operations', all],
    ['GET', '/v1/operations/op_aaaa', all],
    ['POST', '/v1/accounts', ['admin']],
    ['POST', '/v1/accounts/a/funding', ['admin']],
    ['PATCH', '/v1/accounts/a', ['admin']],
    ['GET', '/v1/accounts/a', all],
    ['GET', '/v1/accounts/a/balance', all],
  ])('%s %s', async (method, path, allowed) => {
    for (const role of roles) {
      const { status } = await gateway.send(method, path, { as: role, tenant });
      expect([role, status === 403]).toEqual([role, !allowed.includes(role)]);
    }
    expect((await gateway.send(method, path, { as: null })).status).toBe(401);
  });

  test.each(['/livez', '/readyz', '/openapi.json', '/docs/'])(
    '%s asks for no token',
    async (path) => {
      expect((await gateway.send('GET', path, { as: null })).status).toBe(200);
    },
  );
});

describe("somebody else's account", () => {
  test.each([
    ['another customer', { as: 'customer', sub: 'eve' }],
    ['another tenant', { as: 'admin', tenant: 'other' }],
  ] as const)('is to %s exactly as one that does not exist', async (_, who) => {
    const asks = (id: string) => [
      gateway.send('GET', `/v1/accounts/${id}`, who),
      gateway.send('GET', `/v1/accounts/${id}/balance`, who),
      gateway.send('GET', `/v1/accounts/${id}/balance?at=2026-01-01T00:00:00Z`, who),
      gateway.pay({ account: id }, who),
    ];
    const same = ({ status, text }: { status: number; text: string }) => [
      status,
      text.replace(/"requestId":"[^"]*"/, ''),
    ];

    const theirs = await Promise.all(asks(account));
    const nobodys = await Promise.all(asks('acc-nobody'));

    expect(theirs.map(same)).toEqual(nobodys.map(same));
    expect(theirs.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
  });

  test('is open to its owner and to the staff of its tenant', async () => {
    const path = `/v1/accounts/${account}`;
    for (const as of roles) {
      expect(
        (await gateway.send('GET', path, { as, sub: as === 'customer' ? 'ada' : 'x' })).status,
      ).toBe(200);
    }
  });

  test('cannot be paid from, and its operations are unknown, but to its owner', async () => {
    const sent = { as: 'customer', sub: 'ada', headers: { prefer: 'wait=20' } } as const;
    const paid = await gateway.pay({ account }, sent);
    const path = `/v1/operations/${paid.body.opId}`;
    const cancel = { body: {}, as: 'customer', sub: 'eve' } as const;

    const own = await gateway.send('GET', path, { as: 'customer', sub: 'ada' });
    const others = await Promise.all([
      gateway.send('GET', path, { as: 'customer', sub: 'eve' }),
      gateway.send('GET', path, { tenant: 'other' }),
      gateway.send('GET', `/v1/operations/op_${nanoid()}`),
      gateway.send('GET', '/v1/operations/x'),
      gateway.send('POST', `/v1/payments/${paid.body.opId}/cancel`, cancel),
    ]);

    expect(own.status).toBe(200);
    expect(others.map(({ status, body }) => [status, body.code])).toEqual(
      others.map(() => [404, 'operation-unknown']),
    );
  });
});
