import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpId, PaymentPayload } from '../../src/domain/index.js';
import { capture, extend } from '../../src/workflows/messages.js';
import { atProvider } from '../operations/a-ride.js';
import { aSweep, sweptOnce } from '../support/a-sweep.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

const hour = 3_600_000;
let world: RunningWorld;

beforeAll(async () => {
  world = await aRunningWorld({ requestTimeoutMs: 500, ladderMs: [50, hour, hour] });
  await world.work({ sweep: aSweep(world, []) });
});
afterAll(() => world.close());

let amounts = 50_00;
async function aHold(asked: Partial<PaymentPayload> = {}) {
  amounts += 1;
  const account = await world.account(100_00);
  const opId = await world.pay({ account, amount: amounts, capture: 'multiple', ...asked });
  await stands(opId, 'held');
  return { account, opId };
}

const stands = (opId: OpId, phase: string) =>
  eventually(async () =>
    expect(await world.reads.operation(world.tenant, opId)).toMatchObject({ phase }),
  );
const handle = (opId: OpId) => world.temporal.workflow.getHandle(opId);
const take = (opId: OpId, amount: number, final = false) =>
  handle(opId).executeUpdate(capture, { args: [{ amount, final }] });
const accepted = (work: () => Promise<{ kind: string }>) =>
  eventually(async () => expect(await work()).toMatchObject({ kind: 'accepted' }));
const captured = async (opId: OpId, count: number) => {
  await eventually(async () =>
    expect(await atProvider(world, 'captures', opId)).toHaveLength(count),
  );
  await stands(opId, 'held');
};

/** The next capture of this operation meets a fault, and the run that asked for it is gone. */
async function cutIn(opId: OpId, amount: number, fault: 'timeout-after' | 'timeout-before') {
  const [charge] = (await atProvider(world, 'charges', opId)) as { id: string }[];
  const path = `/charges/${charge?.id}/capture`;
  await world.fault({ fault, times: 1, match: { method: 'POST', path, amount } });
  await world.fault({ fault: 'error-before', match: { method: 'GET', path: '/captures' } });
  await take(opId, amount, true);
  await stands(opId, 'in-doubt');
  await handle(opId).terminate('by hand');
  await world.heal();
  await sweptOnce(world);
}

test('goes on after its first capture, and counts on', async () => {
  const { account, opId } = await aHold();
  await take(opId, 10_00);
  await captured(opId, 1);

  await handle(opId).terminate('by hand');
  await sweptOnce(world);
  await accepted(() => take(opId, 7_00));
  await captured(opId, 2);
  await accepted(() => take(opId, 5_00, true));

  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 22_00 });
  expect(await world.available(account)).toBe(78_00);
  expect(await world.effects(opId)).toEqual(['authorize.1', 'capture.1', 'capture.2', 'capture.3']);
  expect(await world.disagreeing()).toEqual([]);
});

test.each(['timeout-after', 'timeout-before'] as const)(
  'captures once when its run is gone in the middle of one that met %s',
  async (fault) => {
    const { account, opId } = await aHold();
    await take(opId, 10_00);
    await captured(opId, 1);

    await cutIn(opId, 8_00, fault);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 18_00 });
    expect(await world.available(account)).toBe(82_00);
    expect(await world.effects(opId)).toEqual(['authorize.1', 'capture.1', 'capture.2']);
    expect(await world.disagreeing()).toEqual([]);
  },
);

test('captures once when the only capture of a hold was cut, and its answer lost', async () => {
  const { account, opId } = await aHold({ capture: 'manual' });

  await cutIn(opId, 9_00, 'timeout-after');

  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 9_00 });
  expect(await world.available(account)).toBe(91_00);
  expect(await world.effects(opId)).toEqual(['authorize.1', 'capture.1']);
});

test('asks for nothing again that was refused, and keeps the end it was given', async () => {
  const { opId } = await aHold();
  const ends = Date.now() + hour;
  const later = ends + hour;
  await handle(opId).executeUpdate(extend, { args: [ends] });
  await eventually(async () => expect(await endOf(opId)).toBe(ends));
  const [charge] = (await atProvider(world, 'charges', opId)) as { id: string }[];
  const match = { method: 'POST', path: `/charges/${charge?.id}/capture` } as const;
  await world.fault({ fault: 'decline', times: 1, match });
  await take(opId, 6_00);
  await stands(opId, 'held');
  await eventually(async () => expect(await said(opId)).toContain('capture.refused'));

  await handle(opId).terminate('by hand');
  await sweptOnce(world);
  await accepted(() => handle(opId).executeUpdate(extend, { args: [later] }));

  await eventually(async () => expect(await endOf(opId)).toBe(later));
  expect(await world.effects(opId)).toEqual(['authorize.1']);
  await eventually(async () => expect(await world.client.withdraw(opId)).toMatchObject({}));
  expect(await world.client.result(opId)).toMatchObject({ code: 'withdrawn' });
});

async function endOf(opId: OpId): Promise<number> {
  const [row] = await world.database.owner<{ ends: string }[]>`
    select h.expires_at as ends from ledger.hold h join ledger.operation o on o.id = h.op
     where o.op_id = ${opId}`;
  return Date.parse(row?.ends ?? '');
}

async function said(opId: OpId): Promise<readonly string[]> {
  const rows = await world.database.owner<{ type: string }[]>`
    select x.type from ledger.outbox x join ledger.operation o on o.id = x.op
     where o.op_id = ${opId}`;
  return rows.map(({ type }) => type);
}
