import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, expect, test } from 'vitest';
import { findIssuer, startIssuer } from '../../src/servers/issuer.js';

const dir = await mkdtemp(join(tmpdir(), 'holdfast-issuer-'));
afterAll(() => rm(dir, { recursive: true, force: true }));

const named = { dir, issuer: 'holdfast-development', audience: 'holdfast' };
const grant = { role: 'customer', subject: 'alice', tenant: 'shop-1' };

test('knows no issuer in a folder where none ever ran', async () => {
  await expect(findIssuer({ ...named, dir: join(dir, 'none') })).resolves.toBeUndefined();
});

test('signs tokens that its published key proves, also after a restart', async () => {
  const first = await startIssuer(named);
  const token = await first.sign(grant);
  await first.close();
  const again = await startIssuer(named);
  const later = await (await findIssuer(named))?.sign(grant);
  const keys = createRemoteJWKSet(new URL(again.jwksUrl));
  const rules = { issuer: named.issuer, audience: named.audience, algorithms: ['RS256'] };

  const claims = await Promise.all(
    [token, later ?? ''].map(async (one) => (await jwtVerify(one, keys, rules)).payload),
  );

  expect(claims).toMatchObject([
    { sub: 'alice', role: 'customer', tenant: 'shop-1' },
    { sub: 'alice', role: 'customer', tenant: 'shop-1' },
  ]);
  await again.close();
});

test('publishes its public key alone, and where it is', async () => {
  const issuer = await startIssuer(named);
  const read = async (path: string) => (await fetch(`${issuer.url}${path}`)).json();

  const { keys } = (await read('/jwks.json')) as { keys: Record<string, string>[] };
  const document = (await read('/.well-known/openid-configuration')) as object;

  expect(Object.keys(keys[0] ?? {}).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  expect(document).toMatchObject({ issuer: named.issuer, jwks_uri: issuer.jwksUrl });
  await issuer.close();
});

test('keeps its private key from everybody else on the machine', async () => {
  const issuer = await startIssuer(named);
  await issuer.close();

  expect((await stat(join(dir, 'issuer-key.pem'))).mode & 0o777).toBe(0o600);
});

test('makes tokens that end when they were asked to', async () => {
  const issuer = await startIssuer(named);
  const token = await issuer.sign({ ...grant, ttlSeconds: -60 });
  const keys = createRemoteJWKSet(new URL(issuer.jwksUrl));

  await expect(jwtVerify(token, keys)).rejects.toThrow('"exp" claim timestamp check failed');
  await issuer.close();
});
