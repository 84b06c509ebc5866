import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { createFindingDesk, type FindingRow } from '../../src/ledger/index.js';
import { atProvider } from '../operations/a-ride.js';
import { aSweep, sweptOnce } from '../support/a-sweep.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

const hour = 3_600_000;
let world: RunningWorld;
const lines: Record<string, unknown>[] = [];
beforeAll(async () => {
  world = await aRunningWorld({ ladderMs: [50, hour, hour] });
  await world.work({ sweep: aSweep(world, lines) });
});
afterAll(() => world.close());

const sweep = () => sweptOnce(world);

test('finds a charge that nobody asked for, and wakes somebody once it lasts', async () => {
  const reference = `op_${nanoid(8)}x:charge.1:1`;
  const charge = await chargeBy(reference, 21_00);

  await sweep();
  const [first] = await findingsOf(reference);
  const before = alertsOf(charge.id);
  await sweep();
  await sweep();

  expect(first).toMatchObject({
    ...{ kind: 'unknown-charge', opId: null, explained: false, times: 1, state: 'open' },
    evidence: { charge: { chargeId: charge.id, minor: 21_00, currency: 'EUR' } },
  });
  expect(before).toBe(0);
  expect(await findingsOf(reference)).toMatchObject([{ times: 3, state: 'open' }]);
  expect(alertsOf(charge.id)).toBe(1);
});

test('takes a finding back by itself when the charge is undone there', async () => {
  const reference = `op_${nanoid(8)}x:charge.1:1`;
  const { id } = await chargeBy(reference, 22_00);
  await sweep();

  await send(`/charges/${id}/refunds`, { reference: `${reference}:refund`, amount: 22_00 });
  await sweep();

  expect(await findingsOf(reference)).toMatchObject([
    { state: 'resolved', resolvedBy: 'reconciler', times: 1 },
  ]);
});

test('gives back what was authorised there and released here by the ledger alone', async () => {
  const account = await world.account(100_00);
  const opId = await world.pay({ account, amount: 23_00, capture: 'manual' });
  await eventually(async () =>
    expect(await world.reads.operation(world.tenant, opId)).toMatchObject({ phase: 'held' }),
  );
  const envelope = await envelopeOf(opId);
  await world.ledger.release(envelope, { kind: 'never-charged', code: 'withdrawn' });

  await sweep();

  await eventually(async () =>
    expect(await atProvider(world, 'charges', opId)).toMatchObject([{ status: 'voided' }]),
  );
  await sweep();
  expect(await findingsOf(`${opId}:authorize.1:1`)).toMatchObject([
    { kind: 'left-charge', explained: true, state: 'resolved' },
  ]);
  expect(await world.available(account)).toBe(100_00);
});

test('gives back, once, a late success of which no webhook told', async () => {
  const account = await world.account(100_00);
  const amount = 24_00;
  await world.fault({ fault: 'pending', times: 1, match: { method: 'POST', amount } });
  const opId = await world.pay({ account, amount });
  await eventually(async () =>
    expect(await atProvider(world, 'charges', opId)).toMatchObject([{ status: 'pending' }]),
  );
  const envelope = await envelopeOf(opId);
  await world.ledger.release(envelope, { kind: 'never-charged', code: 'withdrawn' });
  await shiftClock(hour);

  await sweep();
  await sweep();

  await eventually(async () =>
    expect(await atProvider(world, 'charges', opId)).toMatchObject([{ refundedAmount: amount }]),
  );
  await sweep();
  expect(await findingsOf(`${opId}:charge.1:1`)).toMatchObject([
    { kind: 'left-charge', state: 'resolved' },
  ]);
  expect(await world.available(account)).toBe(100_00);
  expect(await world.disagreeing()).toEqual([]);
});

test('tells of the second of two charges, and of a refund made there by hand', async () => {
  const account = await world.account(100_00);
  const opId = await world.pay({ account, amount: 25_00 });
  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
  const [own] = await world.charges(opId);
  await world.fault({ fault: 'drop-keys', match: { method: 'POST', path: '/charges' } });
  const second = await chargeBy(`${opId}:charge.1:1`, 25_00);
  await world.heal();

  await sweep();
  await send(`/charges/${own?.id}/refunds`, { reference: `${opId}:hand`, amount: 5_00 });
  await sweep();

  const found = await findingsOf(`${opId}:charge.1:1`);
  const kinds = found.map(({ kind, evidence }) => [kind, chargeIdOf(evidence)].join(' '));
  expect(kinds.sort()).toEqual([`captured-less ${own?.id}`, `double-charge ${second.id}`]);
  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
});

test('reads on where it stopped, and stops where the provider is away', async () => {
  const reference = `op_${nanoid(8)}x:charge.1:1`;
  const cursor = async () =>
    (await world.database.owner.unsafe('select cursor from ledger.provider_cursor'))[0]?.cursor;
  await sweep();
  const before = await cursor();
  await world.fault({ fault: 'down', match: { method: 'GET', path: '/charges' } });
  await chargeBy(reference, 26_00);

  await sweep();
  const away = await cursor();
  await world.heal();
  await sweep();

  expect(away).toBe(before);
  expect(await findingsOf(reference)).toMatchObject([{ kind: 'unknown-charge' }]);
});

async function findingsOf(reference: string): Promise<readonly FindingRow[]> {
  const desk = createFindingDesk(world.database.database);
  const { rows } = await desk.list(world.tenant, {}, { limit: 100 });
  return rows.filter((row) => row.reference === reference);
}

function alertsOf(subject: string): number {
  return lines.filter((line) => line.subject === subject && line.kind !== undefined).length;
}

function chargeIdOf(evidence: FindingRow['evidence']): unknown {
  return (evidence as { charge?: { chargeId?: unknown } }).charge?.chargeId;
}

async function envelopeOf(opId: OpId) {
  const history = await world.temporal.workflow.getHandle(opId).fetchHistory();
  const [started] = history.events ?? [];
  const payload = started?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0];
  return JSON.parse(Buffer.from(payload?.data ?? []).toString());
}

async function send(path: string, body: object): Promise<{ readonly id: string }> {
  const answer = await fetch(`${world.providerUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': nanoid() },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as { id: string };
}

const chargeBy = (reference: string, amount: number) =>
  send('/charges', { reference, amount, currency: 'EUR', capture: true });
const shiftClock = (shiftMs: number) => send('/clock', { shiftMs });
