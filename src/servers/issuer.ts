import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import {
  calculateJwkThumbprint,
  type CryptoKey,
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importPKCS8,
  type JWK,
  SignJWT,
} from 'jose';
import { exists, madeOnce } from './made-once.js';
import { writeSecret } from './secret-file.js';

/** What a token says of its bearer. */
export interface Grant {
  readonly role: string;
  readonly subject: string;
  readonly tenant: string;
  /** How long the token is good, in seconds; 12 hours by default. */
  readonly ttlSeconds?: number;
}

export interface IssuerOptions {
  /** The folder that keeps the private key (readable by its owner alone) between runs. */
  readonly dir: string;
  /** What tokens name as `iss` and `aud`. */
  readonly issuer: string;
  readonly audience: string;
}

/** Makes tokens for development. Whoever can read its folder can be anybody. */
export interface Issuer {
  /** A bearer token: RS256, `at+jwt`. */
  sign(grant: Grant): Promise<string>;
  /** The public key, as a set. */
  readonly jwks: { readonly keys: readonly JWK[] };
}

/** An issuer whose public key can be fetched over HTTP. */
export interface IssuerServer extends Issuer {
  readonly url: string;
  readonly jwksUrl: string;
  close(): Promise<void>;
}

const algorithm = 'RS256';
const keyFile = 'issuer-key.pem';
const ttlSecondsDefault = 12 * 3_600;

/** The issuer whose key is in the folder; undefined when none was ever made there. */
export async function findIssuer(options: IssuerOptions): Promise<Issuer | undefined> {
  return (await exists(join(options.dir, keyFile))) ? openIssuer(options) : undefined;
}

/** The issuer of the folder, with a new key when it has none, and a server for its public key. */
export async function startIssuer(
  options: IssuerOptions & { readonly port?: number },
): Promise<IssuerServer> {
  await mkdir(options.dir, { recursive: true });
  await madeOnce(
    join(options.dir, keyFile),
    async (file) => {
      const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
      await writeSecret(file, await exportPKCS8(privateKey));
    },
    () => undefined,
  );
  const issuer = await openIssuer(options);

  const server = createServer(({ url }, response) => {
    const document = {
      '/jwks.json': issuer.jwks,
      '/.well-known/openid-configuration': {
        issuer: options.issuer,
        jwks_uri: jwksUrl(),
        id_token_signing_alg_values_supported: [algorithm],
      },
    }[url ?? ''];
    response.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? { title: 'Not found', status: 404 }));
  }).listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jwksUrl = () => `${url}/jwks.json`;
  return {
    ...issuer,
    url,
    jwksUrl: jwksUrl(),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function openIssuer({ dir, issuer, audience }: IssuerOptions): Promise<Issuer> {
  const pem = await readFile(join(dir, keyFile), 'utf8');
  const key = await importPKCS8(pem, algorithm, { extractable: true });
  const jwk = await publicPart(key);
  return {
    jwks: { keys: [jwk] },
    sign: ({ role, subject, tenant, ttlSeconds = ttlSecondsDefault }) =>
      new SignJWT({ role, tenant })
        .setProtectedHeader({ alg: algorithm, typ: 'at+jwt', kid: String(jwk.kid) })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(subject)
        .setJti(randomUUID())
        .setIssuedAt()
        .setExpirationTime(`${ttlSeconds}s`)
        .sign(key),
  };
}

async function publicPart(key: CryptoKey): Promise<JWK> {
  const { kty, n, e } = (await exportJWK(key)) as JWK & { n: string; e: string };
  const kid = await calculateJwkThumbprint({ kty: String(kty), n, e });
  return { kty: String(kty), n, e, kid, alg: algorithm, use: 'sig' };
}
