import { Webhook } from 'standardwebhooks';
import { expect, test, vi } from 'vitest';
import type { SandboxServerOptions } from '../../src/providers/sandbox/index.js';
import { aProvider } from './a-provider.js';
import { aSandbox, anOrder, referenceOne } from './a-sandbox.js';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

interface Received {
  readonly id: string;
  readonly type: string;
  readonly timestamp: string;
  readonly data: Record<string, unknown>;
}

/** A sandbox that tells its events to a receiver, which answers as told and checks signatures. */
async function aTellingSandbox(
  statuses: readonly number[] = [],
  options: Partial<SandboxServerOptions> = {},
) {
  const received: Received[] = [];
  let asked = 0;
  const { url } = await aProvider(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const headers = request.headers as Record<string, string>;
    const event = new Webhook(secret).verify(body, headers) as Omit<Received, 'id'>;
    received.push({ ...event, id: headers['webhook-id'] ?? '' });
    const status = statuses[asked] ?? 204;
    asked += 1;
    if (status === 0) response.destroy();
    else response.writeHead(status).end();
  });
  const webhooks = { url, secret, retryMs: 1 };
  const sandbox = await aSandbox({ webhooks, ...options });
  return {
    ...sandbox,
    received,
    types: () => received.map(({ type }) => type),
    told: (count: number) => vi.waitUntil(() => received.length >= count, { timeout: 5_000 }),
    write: (path: string, order: { reference: string }) =>
      sandbox.send('POST', path, order, { 'idempotency-key': order.reference }),
    later: (shiftMs: number) => sandbox.send('POST', '/clock', { shiftMs }),
  };
}

test('tells of each step with the reference that caused it, and of its charge', async () => {
  const sandbox = await aTellingSandbox();
  const { body } = await sandbox.charge({ capture: false });
  const at = `/charges/${body.id}`;
  await sandbox.write(`${at}/capture`, { reference: 'op_one:capture.1:1', ...{ amount: 4_00 } });
  await sandbox.write(`${at}/refunds`, { reference: 'op_one:refund.1:1', ...{ amount: 1_00 } });
  await sandbox.write(`${at}/void`, { reference: 'op_one:void.1:1' });
  await sandbox.told(4);

  const step = (name: string, amount: number) => ({
    reference: `op_one:${name}.1:1`,
    chargeId: body.id,
    amount,
    currency: 'USD',
    status: 'succeeded',
  });
  expect(sandbox.received).toMatchObject([
    { type: 'charge.authorized', data: { ...body, chargeId: body.id } },
    { type: 'charge.captured', data: step('capture', 4_00) },
    { type: 'charge.refunded', data: step('refund', 1_00) },
    { type: 'charge.voided', data: step('void', 8_50) },
  ]);
  expect(new Set(sandbox.received.map(({ id }) => id)).size).toBe(4);
  for (const { timestamp } of sandbox.received) {
    expect(new Date(timestamp).toISOString()).toBe(timestamp);
  }
});

test.each([
  ['a capture', undefined, '/charges', anOrder, 'charge.captured'],
  ['a decline', 'decline', '/charges', anOrder, 'charge.declined'],
  ['a payout', undefined, '/payouts', payout(), 'payout.paid'],
  ['a failed payout', 'decline', '/payouts', payout(), 'payout.failed'],
] as const)('tells of %s', async (_, fault, path, order, type) => {
  const sandbox = await aTellingSandbox();
  if (fault) await sandbox.misbehave({ fault });

  const { body } = await sandbox.write(path, order);
  await sandbox.told(1);

  expect(sandbox.received).toMatchObject([{ type, data: body }]);
});

test.each([
  ['captured', 'charge.captured'],
  ['declined', 'charge.declined'],
] as const)('tells of a pending charge when it is %s', async (becomes, type) => {
  const sandbox = await aTellingSandbox();
  await sandbox.misbehave({ fault: 'pending', delayMs: 60_000, becomes });
  await sandbox.charge();
  expect(sandbox.received).toEqual([]);

  await sandbox.later(60_000);
  await sandbox.told(1);

  const data = { reference: referenceOne, status: becomes };
  expect(sandbox.received).toMatchObject([{ type, data }]);
});

test('tells of what expires, also after a restart, and not of what was captured', async () => {
  const before = await aTellingSandbox();
  const { body } = await before.charge({ capture: false });
  const other = 'op_two:charge.1:1';
  const { body: taken } = await before.charge({ capture: false, reference: other }, other);
  const capture = { reference: 'op_two:capture.1:1', amount: 12_50 };
  await before.write(`/charges/${taken.id}/capture`, capture);
  await before.close();

  const after = await aTellingSandbox([], { file: before.file });
  await after.later(7 * 24 * 3_600_000);
  await after.told(1);
  await after.close();

  const data = { id: body.id, chargeId: body.id, reference: referenceOne, status: 'expired' };
  expect(after.received).toMatchObject([{ type: 'charge.expired', data }]);
  expect(after.received).toHaveLength(1);
});

test('tells again, with the same id, until it was heard', async () => {
  const sandbox = await aTellingSandbox([500, 429, 0, 503]);

  await sandbox.charge();
  await sandbox.told(5);

  expect(new Set(sandbox.received.map(({ id }) => id)).size).toBe(1);
  expect(new Set(sandbox.types())).toEqual(new Set(['charge.captured']));
});

test.each([
  [400, 1],
  [500, 8],
])('gives up on a receiver that answers with %i', async (status, tries) => {
  const lost: unknown[] = [];
  const sandbox = await aTellingSandbox(Array(20).fill(status), {
    onLog: (line) => line.message === 'an event was given up' && lost.push(line),
  });

  await sandbox.charge();
  await vi.waitUntil(() => lost.length > 0, { timeout: 5_000 });

  expect(lost).toMatchObject([{ level: 'error', type: 'charge.captured' }]);
  expect(sandbox.received).toHaveLength(tries);
});

/** The fault that strikes the capture; the events of an authorisation, capture and refund. */
const strayings = [
  ['webhook-duplicate', ['authorized', 'captured', 'captured', 'refunded']],
  ['webhook-reordered', ['authorized', 'refunded', 'captured']],
  ['webhook-missing', ['authorized', 'refunded']],
  ['webhook-late', ['authorized', 'refunded', 'captured']],
] as const;

test.each(strayings)('strays as %s', async (fault, types) => {
  const sandbox = await aTellingSandbox();
  const { body } = await sandbox.charge({ capture: false });
  const delayMs = fault === 'webhook-late' ? 300 : 60_000;
  await sandbox.misbehave({ fault, delayMs, times: 1 });
  const money = { amount: 1_00 };
  await sandbox.write(`/charges/${body.id}/capture`, { reference: 'op_one:capture.1:1', ...money });

  await sandbox.write(`/charges/${body.id}/refunds`, { reference: 'op_one:refund.1:1', ...money });
  await sandbox.told(types.length);
  await sandbox.close();

  expect(sandbox.types()).toEqual(types.map((type) => `charge.${type}`));
  const ids = sandbox.received.map(({ id }) => id);
  expect(new Set(ids).size).toBe(fault === 'webhook-duplicate' ? 3 : types.length);
});

test('answers while its receiver hangs, and drops what it could not tell at its end', async () => {
  const { url } = await aProvider(() => undefined);
  const sandbox = await aSandbox({ webhooks: { url, secret } });

  expect((await sandbox.charge()).status).toBe(201);
  const started = performance.now();
  await sandbox.close();

  expect(performance.now() - started).toBeLessThan(5_000);
});

test('tells nothing twice of a call that is repeated', async () => {
  const sandbox = await aTellingSandbox();
  await sandbox.charge();
  await sandbox.charge();
  await sandbox.write('/payouts', payout());
  await sandbox.told(2);
  await sandbox.close();

  expect(sandbox.types().sort()).toEqual(['charge.captured', 'payout.paid']);
});

function payout() {
  const reference = 'op_one:payout.1:1';
  return { reference, amount: 80_00, currency: 'EUR', destination: 'acct_driver' };
}
