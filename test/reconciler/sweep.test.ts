import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWatch } from '../../src/client/index.js';
import { type Captured, commands, type OpId, referenceOf } from '../../src/domain/index.js';
import { createInbox } from '../../src/ledger/index.js';
import { ensureSchedules, reconcileScheduleId } from '../../src/main/schedules.js';
import { capture } from '../../src/workflows/messages.js';
import { atProvider, firstCall, isBooked, matched, payoutOf } from '../operations/a-ride.js';
import { aSweep, sweptOnce } from '../support/a-sweep.js';
import { envelopesOf } from '../support/envelopes.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

const hour = 3_600_000;
const lines: Record<string, unknown>[] = [];
let world: RunningWorld;
const sweep = () => sweptOnce(world);

beforeAll(async () => {
  // One look at once, and the next only when somebody asks for it.
  world = await aRunningWorld({ requestTimeoutMs: 2_000, ladderMs: [50, hour, hour] });
  await world.work({ sweep: aSweep(world, lines) });
});
afterAll(() => world.close());

test('runs a terminated payment again, which settles with the one charge it made', async () => {
  const { opId, account } = await payUnder('timeout-after', 30_00);
  await eventually(async () => expect(await world.charges(opId)).toHaveLength(1));

  await world.temporal.workflow.getHandle(opId).terminate('by hand');
  await sweep();

  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 30_00 });
  expect(await world.charges(opId)).toHaveLength(1);
  expect(await world.available(account)).toBe(70_00);
  expect(await world.disagreeing()).toEqual([]);
  expect(foundOf(opId)).toEqual(['restart workflow-terminated']);
});

test('runs a payment again that was terminated before its charge, and charges once', async () => {
  const { opId, account } = await payUnder('timeout-before', 31_00);
  await eventually(async () =>
    expect(await world.reads.operation(world.tenant, opId)).toBeDefined(),
  );
  const before = await world.charges(opId);

  await world.temporal.workflow.getHandle(opId).terminate('by hand');
  await sweep();

  expect(before).toEqual([]);
  await eventually(async () => {
    // The fault may strike the run that was begun anew, which then waits to be asked.
    await world.client.verify(opId);
    expect(await world.reads.operation(world.tenant, opId)).toMatchObject({ state: 'COMPLETED' });
  });
  expect(await world.charges(opId)).toHaveLength(1);
  expect(await world.available(account)).toBe(69_00);
});

test('runs an operation that Temporal does not know from its row alone', async () => {
  const account = await world.account(100_00);
  const sealed = Buffer.alloc(200, 7).toString('base64');
  const asked = { principal: 'tester', sealed, bizKey: 'order-1' };
  const envelope = envelopesOf(world.tenant).payment({ account, amount: 32_00 }, asked);
  await world.ledger.hold(envelope, 'a run that was lost');

  await sweep();

  const { opId } = envelope;
  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 32_00 });
  expect(await world.charges(opId)).toHaveLength(1);
  expect(await world.client.describe(opId)).toMatchObject({
    ...{ tenant: world.tenant, principal: 'tester', bizKey: 'order-1', digests: envelope.digests },
  });
  const [started] = (await historyOf(opId)).slice(0, 1);
  const input = started?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data;
  expect(JSON.parse(Buffer.from(input ?? []).toString())).toEqual(envelope);
  expect(foundOf(opId)).toEqual(['restart workflow-lost']);
});

test('runs a terminated hold again, which can then be captured, once', async () => {
  const account = await world.account(100_00);
  const opId = await world.pay({ account, amount: 39_00, capture: 'manual' });
  const handle = world.temporal.workflow.getHandle(opId);
  const captured = () => handle.executeUpdate(capture, { args: [{}] });
  await eventually(async () =>
    expect(await world.reads.operation(world.tenant, opId)).toMatchObject({ phase: 'held' }),
  );

  await handle.terminate('by hand');
  await sweep();
  await eventually(async () => expect(await captured()).toMatchObject({ kind: 'accepted' }));

  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
  expect(await atProvider(world, 'charges', opId)).toMatchObject([{ capturedAmount: 39_00 }]);
  expect(await world.available(account)).toBe(61_00);
  expect(await world.disagreeing()).toEqual([]);
});

test('runs a matched ride again, which still has its time to be authorised', async () => {
  const amount = 46_00;
  await world.fault({ fault: 'timeout-before', times: 1, match: firstCall(amount) });
  const { opId } = await matched(world, amount, { destination: 'dest_driver' });
  await eventually(async () =>
    expect(await world.reads.operation(world.tenant, opId)).toMatchObject({ phase: 'charging' }),
  );

  await world.temporal.workflow.getHandle(opId).terminate('by hand');
  await sweep();
  await isBooked(world, opId);
  const authorised = await atProvider(world, 'charges', opId);
  await world.client.completeRide(opId, amount);

  expect(authorised).toHaveLength(1);
  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
  expect(await world.client.result(payoutOf(world, opId))).toMatchObject({ minor: amount });
  expect(foundOf(opId)).toEqual(['restart workflow-terminated']);
});

// blnk #336: an expiry that was only a timer was lost with it, and the money stayed held.
test('lets a hold end whose timer was lost, by the end that its row has', async () => {
  const account = await world.account(100_00);
  const holdExpiresAt = Date.now() + 2_000;
  const opId = await world.pay({ account, amount: 40_00, capture: 'manual', holdExpiresAt });
  await eventually(async () =>
    expect(await world.reads.operation(world.tenant, opId)).toMatchObject({ phase: 'held' }),
  );
  await world.temporal.workflow.getHandle(opId).terminate('by hand');
  const held = await world.available(account);

  await sweep();

  expect(held).toBe(60_00);
  expect(await world.client.result(opId)).toMatchObject({ code: 'hold-expired' });
  expect(await world.available(account)).toBe(100_00);
  expect(foundOf(opId)).toEqual(['restart workflow-terminated']);
});

test('leaves a live payment alone, however often it looks', async () => {
  const { opId } = await inDoubt(33_00);

  for (let time = 0; time < 3; time += 1) await sweep();

  expect(foundOf(opId)).toEqual([]);
  await world.client.verify(opId);
  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
  // Ours of just now: a signal that came before it would stand before it.
  expect(await signalsOf(opId)).toBe(1);
});

test('tells a doubt once that its budget has ended, and its workflow fences it', async () => {
  const { opId, account } = await inDoubt(34_00, { timeBudget: 1_000 });

  await eventually(async () => {
    await sweep();
    expect(foundOf(opId)).not.toEqual([]);
  });
  const result = await world.client.result(opId);
  await sweep();

  expect(result).toMatchObject({ kind: 'fail', code: 'time-budget-exceeded' });
  expect(await world.charges(opId)).toEqual([]);
  expect(await world.available(account)).toBe(100_00);
  expect(foundOf(opId)).toEqual(['tell budget-ended']);
});

test('lets a workflow hear what it is told under one name once', async () => {
  const { opId } = await inDoubt(35_00);
  const watch = createWatch(world.temporal, world.taskQueue);
  await world.fault({ fault: 'error-before', match: { method: 'GET', referencePrefix: opId } });

  const told = [await watch.tell(opId, 'one'), await watch.tell(opId, 'one')];
  told.push(await watch.tell(opId, 'two'));

  expect(told).toEqual([true, true, true]);
  expect(await watch.tell('op_nobody' as OpId, 'one')).toBe(false);
  await world.heal();
  await world.client.verify(opId);
  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
  expect(await signalsOf(opId)).toBe(['one', 'two', 'verify'].length);
});

test('closes the workflow of an operation that has ended without it', async () => {
  const { opId } = await inDoubt(36_00, { fault: 'reset-after' });
  const [charge] = await world.charges(opId);
  await world.ledger.settle(opId, capturedOf(opId, charge?.id ?? '', 36_00));

  await eventually(async () => {
    await sweep();
    expect(foundOf(opId)).toEqual(['tell operation-ended']);
  });

  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 36_00 });
  expect(await world.disagreeing()).toEqual([]);
});

test('applies a webhook that was stored and never decided', async () => {
  const { opId } = await inDoubt(37_00, { fault: 'reset-after' });
  const [charge] = await world.charges(opId);
  const evidence = capturedOf(opId, charge?.id ?? '', 37_00);
  const inbox = createInbox(world.database.database);
  const { reference } = evidence;
  const event = { provider: 'sandbox', eventId: nanoid(), type: 'charge.captured', reference };
  await inbox.record({ ...event, evidence, at: Date.now() });

  await sweep();

  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 37_00 });
  expect(await inbox.record({ ...event, evidence, at: 0 })).toMatchObject({ state: 'applied' });
});

test('has a schedule, kept up to date, that sweeps and that a person may pause', async () => {
  const { temporal, taskQueue } = world;
  const handle = temporal.schedule.getHandle(reconcileScheduleId(taskQueue));
  await ensureSchedules(temporal, taskQueue);
  try {
    const everyMs = async () => (await handle.describe()).spec.intervals?.[0]?.every;
    await handle.update((is) => ({ ...is, spec: { intervals: [{ every: '1h' }] } }));
    await eventually(async () => expect(await everyMs()).toBe(hour));
    await ensureSchedules(temporal, taskQueue);
    await eventually(async () => expect(await everyMs()).toBe(30_000));
    await handle.pause('by hand');
    await ensureSchedules(temporal, taskQueue);
    const { opId } = await payUnder('timeout-after', 38_00);
    await eventually(async () => expect(await world.charges(opId)).toHaveLength(1));
    await temporal.workflow.getHandle(opId).terminate('by hand');

    await handle.trigger();

    await eventually(() => expect(foundOf(opId)).toEqual(['restart workflow-terminated']));
    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
    expect(await handle.describe()).toMatchObject({
      spec: { intervals: [{ every: 30_000 }] },
      policies: { overlap: 'SKIP', catchupWindow: 60_000 },
      state: { paused: true, note: 'by hand' },
      action: { workflowType: 'reconcile', taskQueue },
    });
  } finally {
    await handle.delete();
    await temporal.schedule.getHandle(`verify-${taskQueue}`).delete();
  }
});

interface Given {
  readonly fault?: 'reset-before' | 'reset-after';
  readonly timeBudget?: number;
}

/** A payment whose first call this fault strikes, and nothing after; or its first look, too. */
async function payUnder(
  fault: NonNullable<Given['fault']> | 'timeout-before' | 'timeout-after',
  amount: number,
  { timeBudget, look }: Pick<Given, 'timeBudget'> & { readonly look?: 'error-before' } = {},
) {
  const account = await world.account(100_00);
  const payload = { account, amount, currency: 'EUR', capture: 'automatic', method: 'card' };
  const command = { ...commands.payment, idemKey: nanoid(), payload };
  const options = timeBudget === undefined ? {} : { timeBudget };
  const { opId } = world.client.identify(command, options);
  const match = { referencePrefix: opId };
  await world.fault({ fault, times: 1, match: { ...match, method: 'POST' } });
  if (look) await world.fault({ fault: look, times: 1, match: { ...match, method: 'GET' } });
  await world.client.start(command, options);
  return { account, opId };
}

/** A payment in doubt that was looked at in vain; its next look is an hour away. */
async function inDoubt(amount: number, { fault = 'reset-before', ...options }: Given = {}) {
  const paid = await payUnder(fault, amount, { ...options, look: 'error-before' });
  await eventually(async () => {
    const looks = (await historyOf(paid.opId)).filter(
      ({ activityTaskCompletedEventAttributes: done }) => done,
    );
    expect(looks).toHaveLength(2);
  });
  return paid;
}

function capturedOf(opId: OpId, chargeId: string, minor: number): Captured {
  const reference = referenceOf(opId, 'charge.1', 1);
  return { kind: 'captured', reference, chargeId, minor, currency: 'EUR' };
}

function foundOf(opId: OpId) {
  const own = lines.filter((line) => line.opId === opId && line.module === 'reconciler');
  return own.map(({ kind, because }) => `${kind} ${because}`);
}

async function historyOf(opId: OpId) {
  return (await world.temporal.workflow.getHandle(opId).fetchHistory()).events ?? [];
}

async function signalsOf(opId: OpId): Promise<number> {
  const events = await historyOf(opId);
  return events.filter((event) => event.workflowExecutionSignaledEventAttributes).length;
}
