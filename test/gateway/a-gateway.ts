import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  SignJWT,
} from 'jose';
import { nanoid } from 'nanoid';
import { createDatabase } from '../../src/database/index.js';
import type { AccountId, OpId } from '../../src/domain/index.js';
import { createTokenVerifier, type Role } from '../../src/gateway/index.js';
import { composeGateway } from '../../src/main/compose-gateway.js';
import type { ObjectStore } from '../../src/objects/index.js';
import { createLog, createMetrics } from '../../src/telemetry/index.js';
import { aRunningWorld, type RunningWorld, type WorldOptions } from '../support/running-world.js';

/** An answer, read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Whatever it is, with the fields that tests look at. */
  readonly body: AnswerBody;
}

export interface AnswerBody {
  readonly [field: string]: unknown;
  readonly opId: OpId;
  readonly state: string;
  readonly outcome: { readonly kind: string; readonly code: string };
  readonly links: { readonly self: string };
  readonly acceptedAt: string;
  readonly id: AccountId;
  readonly version: number;
  readonly code: string;
  readonly requestId: string;
  readonly data: readonly AnswerBody[];
  readonly next: string;
}

export interface Sent {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** `admin` when not given; null sends no token. */
  readonly as?: Role | null;
  /** The `sub` of the token. */
  readonly sub?: string;
  readonly tenant?: string;
}

/** A gateway that listens, with everything behind it real. */
export interface TestGateway {
  readonly world: RunningWorld;
  readonly url: string;
  readonly port: number;
  readonly issuer: TestIssuer;
  /** Every line that it logged. */
  readonly lines: readonly Record<string, unknown>[];
  readonly log: ReturnType<typeof createLog>;
  readonly metrics: ReturnType<typeof createMetrics>;
  send(method: string, path: string, sent?: Sent): Promise<Answer>;
  /** Asks for a payment of 30.00 EUR, under a key of its own unless the headers have one. */
  pay(body: object, sent?: Sent): Promise<Answer>;
  /** These bytes over a socket of their own, and all that came back until it closed. */
  raw(bytes: string | Buffer): Promise<Answer>;
  readonly objects: ObjectStore;
  /** The URL of one more gateway in front of the same. */
  another(): Promise<string>;
  /** How many operations the tenant has. */
  operations(): Promise<number>;
  /** Says what became of the requests under way. */
  stop(): Promise<{ readonly drained: number; readonly interrupted: number }>;
}

/** Where a test puts something between the gateway and its servers. */
export interface GatewayTestOptions extends WorldOptions {
  readonly databaseUrl?: (url: string) => Promise<string>;
  readonly temporalAddress?: (address: string) => Promise<string>;
  /** A second person must approve what moves more; nobody when left out. */
  readonly approvalAbove?: number;
  /** A store that misbehaves. */
  objects?(honest: ObjectStore): ObjectStore;
  readonly uploadLimits?: { readonly ttlMs?: number; readonly openMax?: number };
  readonly limits?: { readonly requestTimeoutMs: number; readonly headersTimeoutMs: number };
}

export async function aGateway(options: GatewayTestOptions = {}): Promise<TestGateway> {
  const world = await aRunningWorld(options);
  const issuer = await anIssuer();
  const { databaseUrl = same, temporalAddress = same } = options;
  const database = createDatabase({
    url: await databaseUrl(world.database.readerUrl),
    poolMax: 5,
    applicationName: 'gateway-test',
  });
  const connection = Connection.lazy({ address: await temporalAddress(world.temporalAddress) });
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    service: 'gateway-test',
    level: 'info',
    destination: { write: (line) => lines.push(JSON.parse(line)) },
  });
  const metrics = createMetrics({ service: 'gateway-test' });
  const objects = options.objects?.(world.store) ?? world.store;
  const compose = () =>
    composeGateway({
      database,
      connection,
      namespace: world.namespace,
      taskQueue: world.taskQueue,
      payloadKeys: ring,
      approvalAbove: options.approvalAbove ?? null,
      objects,
      downloads: downloadsOf(world),
      ...told(),
      uploadLimits: { ttlMs: 3_600_000, openMax: 100, ...options.uploadLimits },
      verifyToken: createTokenVerifier(issuer),
      ...{ tracing: world.tracing, log, metrics, ...options.limits },
    });
  const others: Awaited<ReturnType<typeof compose>>[] = [];
  const app = await compose();
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as AddressInfo;
  const send = (method: string, path: string, sent: Sent = {}) =>
    sendTo(url, issuer, { tenant: world.tenant, ...sent }, method, path);

  return {
    ...{ world, url, port, issuer, lines, log, metrics, objects, send },
    pay: (body, sent = {}) =>
      send('POST', '/v1/payments', {
        ...sent,
        body: { amount: 30_00, currency: 'EUR', ...body },
        headers: { 'idempotency-key': nanoid(), ...sent.headers },
      }),
    raw: (bytes) => rawTo(port, bytes),
    operations: () => world.reads.countOperations(world.tenant, {}),
    another: async () => {
      const one = await compose();
      others.push(one);
      return one.listen({ port: 0, host: '127.0.0.1' });
    },
    stop: async () => {
      await Promise.all([app, ...others].map((one) => one.close()));
      // Not the connection: a call that is about to be tried again would throw out of reach.
      await database.close(1_000);
      await issuer.close();
      await world.close();
      return app.ended;
    },
  };
}

const downloadsOf = ({ storeFolder }: RunningWorld) => ({
  linkSecrets: [Buffer.alloc(32, 'links')],
  cacheFolder: join(storeFolder, 'copies'),
  cacheBytesMax: 1_000_000,
});
const same = async (address: string) => address;

/** Who may tell the gateway something, and how that is signed. */
const told = () => ({
  webhooks: { sandbox: sandboxSecrets, stripe: { secrets: stripeSecrets, live: false } },
  noticeLimitPerHour: 20,
  notices: {
    ...{ twilio: twilioReports, smtp: { secrets: sandboxSecrets } },
    webhookLoopback: false,
  },
});

/** How Twilio signs what it tells. */
export const twilioReports = {
  authToken: 'a token of Twilio',
  callbackUrl: 'https://payments.example.com/v1/webhooks/twilio',
} as const;
/** What the sandbox signs its webhooks with: now, and until a moment ago. */
export const sandboxSecrets = [Buffer.alloc(32, 'webhooks'), Buffer.alloc(32, 'before')] as const;
/** The same of Stripe, in test mode. */
export const stripeSecrets = [`whsec_${'new'.repeat(10)}`, `whsec_${'old'.repeat(10)}`] as const;
const key = { id: 'k1', key: new Uint8Array(32).fill(7) };
const ring = { seal: key, open: [key], digest: key };

async function sendTo(
  url: string,
  issuer: TestIssuer,
  { body, headers = {}, as = 'admin', sub = 'ada', tenant = 't' }: Sent,
  method: string,
  path: string,
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(as !== null && { authorization: `Bearer ${await issuer.token(as, sub, tenant)}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && {
      body: typeof body === 'string' || body instanceof Buffer ? body : JSON.stringify(body),
    }),
  });
  return read(response.status, response.headers, await response.text());
}

async function rawTo(port: number, bytes: string | Buffer): Promise<Answer> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  const [head = '', ...rest] = Buffer.concat(chunks).toString('utf8').split('\r\n\r\n');
  const [first = '', ...fields] = head.split('\r\n');
  const headers = new Headers(
    fields.map((field): [string, string] => {
      const [name = '', ...value] = field.split(':');
      return [name, value.join(':').trim()];
    }),
  );
  return read(Number(first.split(' ')[1]), headers, rest.join('\r\n\r\n'));
}

function read(status: number, headers: Headers, text: string): Answer {
  const isJson = /json/.test(headers.get('content-type') ?? '');
  const body = (isJson && text !== '' ? JSON.parse(text) : {}) as AnswerBody;
  return { status, headers, text, body };
}

export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  /** The private key. */
  readonly secret: JWK;
  /** How often somebody asked for the keys. */
  asked(): number;
  /** A good token. */
  token(role: string, sub: string, tenant: string): Promise<string>;
  /** A token of these claims on top of good ones, undefined takes one away, signed like this. */
  sign(claims: JWTPayload, header?: object, key?: CryptoKey | Uint8Array): Promise<string>;
  close(): Promise<void>;
}

/** An issuer of tokens with a key of its own, that serves its public half over HTTP. */
export async function anIssuer(): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  // Without `alg`: an issuer need not say it, and then the gateway alone insists on RS256.
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'one', use: 'sig' }];
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const names = { issuer: 'https://issuer.test/', audience: 'holdfast-test' };
  const sign: TestIssuer['sign'] = (claims, header = {}, signer = privateKey) => {
    const now = Math.floor(Date.now() / 1_000);
    const good = { iss: names.issuer, aud: names.audience, iat: now, exp: now + 600 };
    return new SignJWT({ ...good, sub: 'ada', tenant: 't', role: 'admin', ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'one', ...header })
      .sign(signer);
  };
  return {
    ...names,
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    secret: await exportJWK(privateKey),
    asked: () => asked,
    sign,
    token: (role, sub, tenant) => sign({ role, sub, tenant }),
    close: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
