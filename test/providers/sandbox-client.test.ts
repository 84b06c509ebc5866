import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { defaultLadderMs, money } from '../../src/domain/index.js';
import { pooledFetch } from '../../src/providers/pooled-fetch.js';
import {
  createSandboxProvider,
  faultNames,
  type FaultRule,
} from '../../src/providers/sandbox/index.js';
import { aProvider } from './a-provider.js';
import { aSandbox, referenceOne as reference } from './a-sandbox.js';
import { aStranger } from './a-stranger.js';

const amount = money(12_50, 'USD');
// As production has it.
const fetch = pooledFetch({ connections: 20 });
const patient = { requestTimeoutMs: 30_000, fetch };
const evidence = { reference, chargeId: expect.stringMatching(/^ch_/) };
const captured = { kind: 'captured', ...evidence, minor: 12_50, currency: 'USD' };
const declined = { kind: 'declined', ...evidence, declineCode: 'insufficient_funds' };
const contradicted = (detail: string) => ({ kind: 'contradicted', reference, detail });
const notFound = { kind: 'not-found', reference };
const unknown = (reason: string, askAgainAfterMs = 1_000) => ({
  kind: 'unknown',
  reason,
  askAgainAfterMs,
});

/** The fault; how the struck charge is understood; what a look-up then finds. */
const outcomes: [FaultRule, object, object][] = [
  [{ fault: 'decline' }, declined, declined],
  [{ fault: 'pending' }, { kind: 'pending', reference }, { kind: 'pending', reference }],
  [{ fault: 'slow', delayMs: 5 }, captured, captured],
  [{ fault: 'timeout-before' }, unknown('timeout'), notFound],
  [{ fault: 'timeout-after' }, unknown('timeout'), captured],
  [{ fault: 'error-before' }, unknown('status-500'), notFound],
  [{ fault: 'error-after', status: 504 }, unknown('status-504'), captured],
  [{ fault: 'reset-before' }, unknown('connection-lost'), notFound],
  [{ fault: 'reset-after' }, unknown('connection-lost'), captured],
  [
    { fault: 'rate-limit', retryAfterMs: 7_000 },
    { kind: 'retry', reason: 'rate-limited', attempt: 1, nextRetryAfterMs: 7_000 },
    notFound,
  ],
  [{ fault: 'down', retryAfterMs: 9_000 }, unknown('status-503', 9_000), notFound],
  [{ fault: 'wrong-amount' }, contradicted('another amount'), contradicted('another amount')],
  [{ fault: 'wrong-currency' }, contradicted('another currency'), contradicted('another currency')],
  [{ fault: 'html' }, unknown('unreadable-answer'), captured],
  [{ fault: 'huge' }, unknown('body-too-large'), captured],
  [{ fault: 'drop-keys' }, captured, captured],
  [{ fault: 'webhook-duplicate' }, captured, captured],
  [{ fault: 'webhook-reordered' }, captured, captured],
  [{ fault: 'webhook-late' }, captured, captured],
  [{ fault: 'webhook-missing' }, captured, captured],
];

test.each(outcomes)('understands a charge under %o', async (rule, charged, found) => {
  const sandbox = await aSandbox();
  // The clock of the sandbox stands still for a pending charge: a minute is for ever here.
  const pendingMs = rule.fault === 'pending' ? { delayMs: 60_000 } : {};
  await sandbox.misbehave({ ...rule, ...pendingMs, match: { method: 'POST' }, times: 1 });
  const hasty = rule.fault.startsWith('timeout');
  const provider = createSandboxProvider({
    baseUrl: sandbox.url,
    requestTimeoutMs: hasty ? 200 : patient.requestTimeoutMs,
    fetch,
  });

  const outcome = await provider.perform({ step: 'charge', reference, amount });
  await sandbox.struck();

  expect('value' in outcome ? outcome.value : outcome).toEqual(charged);
  const calm = createSandboxProvider({ baseUrl: sandbox.url, ...patient });
  expect(await calm.find({ step: 'charge', reference, amount })).toEqual({
    kind: 'ok',
    value: found,
  });
});

test('has a row above for every fault of the sandbox', () => {
  expect(outcomes.map(([{ fault }]) => fault).sort()).toEqual([...faultNames].sort());
});

test('finds nothing but doubt where one reference was charged twice', async () => {
  const sandbox = await aSandbox();
  await sandbox.misbehave({ fault: 'drop-keys', times: 1 });
  const provider = createSandboxProvider({ baseUrl: sandbox.url, ...patient });
  await provider.perform({ step: 'charge', reference, amount });
  await provider.perform({ step: 'charge', reference, amount });

  const value = contradicted('2 charges under one reference');
  expect(await provider.find({ step: 'charge', reference, amount })).toEqual({ kind: 'ok', value });
});

test('charges once for 20 calls of one reference at once', async () => {
  const sandbox = await aSandbox();
  const provider = createSandboxProvider({ baseUrl: sandbox.url, ...patient });

  const charge = () =>
    provider.perform({ step: 'charge', reference, amount, metadata: { shop: 'north' } });
  const outcomesOfAll = await Promise.all(Array.from({ length: 20 }, charge));

  expect(new Set(outcomesOfAll.map((outcome) => JSON.stringify(outcome))).size).toBe(1);
  expect(outcomesOfAll[0]).toEqual({ kind: 'ok', value: captured });
  expect(await sandbox.written()).toHaveLength(1);
});

test('contradicts, and is no refusal, when the key was charged for another amount', async () => {
  const sandbox = await aSandbox();
  const provider = createSandboxProvider({ baseUrl: sandbox.url, ...patient });
  await provider.perform({ step: 'charge', reference, amount });

  const other = money(99, 'USD');
  expect(await provider.perform({ step: 'charge', reference, amount: other })).toEqual({
    kind: 'ok',
    value: contradicted('another charge under our key'),
  });
  const value = contradicted('another amount');
  expect(await provider.find({ step: 'charge', reference, amount: other })).toEqual({
    kind: 'ok',
    value,
  });
});

test('knows that nothing was sent when nobody listens', async () => {
  const sandbox = await aSandbox();
  await sandbox.close();
  const provider = createSandboxProvider({ baseUrl: sandbox.url, ...patient });

  const nothing = { kind: 'retry', reason: 'no-connection', attempt: 1, nextRetryAfterMs: 1_000 };
  expect(await provider.perform({ step: 'charge', reference, amount })).toEqual(nothing);
  expect(await provider.find({ step: 'charge', reference, amount })).toEqual(nothing);
});

test('knows that nothing was sent when the name leads nowhere', async () => {
  const provider = createSandboxProvider({ baseUrl: 'http://nowhere.invalid', ...patient });

  const nothing = { kind: 'retry', reason: 'no-connection' };
  expect(await provider.perform({ step: 'charge', reference, amount })).toMatchObject(nothing);
});

test('knows that nothing was sent to whoever has a certificate that we do not trust', async () => {
  const stranger = await aStranger();
  const provider = createSandboxProvider({ baseUrl: stranger.url, ...patient });

  const nothing = { kind: 'retry', reason: 'no-connection' };
  expect(await provider.perform({ step: 'charge', reference, amount })).toMatchObject(nothing);
  expect(await provider.find({ step: 'charge', reference, amount })).toMatchObject(nothing);
  expect(stranger.asked()).toBe(0);
});

test('is in doubt when whoever answers speaks no TLS', async () => {
  const sandbox = await aSandbox();
  const baseUrl = sandbox.url.replace('http:', 'https:');
  const provider = createSandboxProvider({ baseUrl, ...patient });

  const doubt = { kind: 'unknown', reason: 'connection-lost' };
  expect(await provider.perform({ step: 'charge', reference, amount })).toMatchObject(doubt);
  expect(await sandbox.written()).toEqual([]);
});

test('sends the key, the whole order and the trace of the operation', async () => {
  const seen: { headers: IncomingMessage['headers']; url?: string | undefined; body: string }[] =
    [];
  const { url } = await aProvider(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ headers: request.headers, url: request.url, body });
    response.writeHead(500).end();
  });
  const provider = createSandboxProvider({ baseUrl: `${url}/v2/`, ...patient });
  const trace = '0af7651916cd43dd8448eb211c80319c';

  await provider.perform({ step: 'charge', reference, amount, metadata: { shop: 'north' }, trace });
  await provider.find({ step: 'charge', reference, amount, trace });
  await provider.find({ step: 'charge', reference, amount, trace: 'no trace' });

  expect(seen.map((request) => request.url)).toEqual([
    '/v2/charges',
    `/v2/charges?reference=${encodeURIComponent(reference)}`,
    `/v2/charges?reference=${encodeURIComponent(reference)}`,
  ]);
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual({
    reference,
    amount: 12_50,
    currency: 'USD',
    capture: true,
    metadata: { shop: 'north' },
  });
  expect(seen[0]?.headers['idempotency-key']).toBe(reference);
  expect(seen[0]?.headers.traceparent).toMatch(new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`));
  expect(seen[1]?.headers.traceparent).toMatch(new RegExp(`^00-${trace}-`));
  expect(seen[2]?.headers.traceparent).toBeUndefined();
});

test('tells what it can do, as plain data', () => {
  const baseUrl = 'http://127.0.0.1:9';
  const { profile } = createSandboxProvider({ baseUrl, ...patient, visibilityDelayMs: 250 });

  expect(profile).toEqual({
    name: 'sandbox',
    keyLifetimeMs: 86_400_000,
    replaysErrors: false,
    finds: true,
    lists: true,
    visibilityDelayMs: 250,
    fences: true,
    captures: ['automatic', 'manual', 'multiple'],
    overCapturePercent: 15,
    holdMs: 604_800_000,
    refundWindowMs: 15_552_000_000,
    paysOut: true,
    payoutMs: 0,
    webhooks: 'standard-webhooks',
    requestTimeoutMs: 30_000,
    ladderMs: defaultLadderMs,
  });
  expect(JSON.parse(JSON.stringify(profile))).toEqual(profile);
});

test.each([[{ baseUrl: 'nowhere' }], [{ ladderMs: [] }], [{ ladderMs: Array(21).fill(1) }]])(
  'cannot be made with %o',
  (wrong) => {
    const options = { baseUrl: 'http://127.0.0.1:9', ...patient, ...wrong };

    expect(() => createSandboxProvider(options)).toThrow(RangeError);
  },
);
