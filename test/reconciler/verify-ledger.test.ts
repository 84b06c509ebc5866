import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commands } from '../../src/domain/index.js';
import {
  ensureSchedules,
  reconcileScheduleId,
  verifyScheduleId,
} from '../../src/main/schedules.js';
import { aSweep } from '../support/a-sweep.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

const hour = 3_600_000;
const lines: Record<string, unknown>[] = [];
let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld();
  await world.work({ sweep: aSweep(world, lines) });
});
afterAll(() => world.close());

test('looks at all of the ledger, and tells of what is broken wherever it is', async () => {
  const account = await world.account(100_00);
  const early = await aPayment(account);
  // Beyond what one step of it looks at.
  await world.database.owner`alter sequence ledger.operation_id_seq restart with 700000`;
  const late = await aPayment(account);

  expect(await looked()).toEqual({ from: 1, broken: 0 });
  expect(broken()).toEqual([]);

  await world.database.owner`
    alter table ledger.audit disable trigger all`;
  await world.database.owner`
    update ledger.audit set detail = '{"cvv": "123"}' where op in (
      select id from ledger.operation where op_id in (${early}, ${late}))`;

  expect(await looked()).toMatchObject({ from: 1, broken: 2 });
  expect(broken()).toEqual([
    { name: 'audit-names-no-secret', sample: [early] },
    { name: 'audit-names-no-secret', sample: [late] },
  ]);
});

test('has one schedule after five starts, at night, which is made up for later', async () => {
  const { temporal, taskQueue } = world;
  const ids = [reconcileScheduleId(taskQueue), verifyScheduleId(taskQueue)];
  const handle = temporal.schedule.getHandle(verifyScheduleId(taskQueue));
  const starts = Array.from({ length: 5 }, () => ensureSchedules(temporal, taskQueue));
  await Promise.all(starts);
  try {
    const { spec, info, ...rest } = await handle.describe();
    expect(spec.intervals).toEqual([{ every: 24 * hour, offset: 3 * hour }]);
    expect(info.nextActionTimes[0]?.toISOString()).toMatch(/T03:00:00\.000Z$/);
    expect(rest).toMatchObject({
      policies: { overlap: 'SKIP', catchupWindow: 6 * hour },
      action: { workflowType: 'verifyLedger', taskQueue },
    });
    await eventually(async () => {
      const schedules: string[] = [];
      for await (const { scheduleId } of temporal.schedule.list()) schedules.push(scheduleId);
      expect(schedules.filter((id) => id.includes(taskQueue)).sort()).toEqual(ids);
    });
  } finally {
    for (const id of ids) await temporal.schedule.getHandle(id).delete();
  }
});

async function aPayment(account: string): Promise<string> {
  const payload = { account, amount: 1_00, currency: 'EUR', capture: 'automatic', method: 'card' };
  const { opId } = await world.client.start({ ...commands.payment, idemKey: nanoid(), payload });
  await world.client.result(opId);
  return opId;
}

function looked(): Promise<unknown> {
  const { temporal, taskQueue } = world;
  const workflowId = `verify-${nanoid()}`;
  return temporal.workflow.execute('verifyLedger', { taskQueue, workflowId, args: [] });
}

function broken() {
  return lines
    .filter(({ message }) => message === 'an invariant does not hold')
    .map(({ name, sample }) => ({ name, sample }));
}
