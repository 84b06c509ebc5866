import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWatch } from '../../src/client/index.js';
import { createFindingDesk, createFindings, createOpenOperations } from '../../src/ledger/index.js';
import { createHoldSweep } from '../../src/reconciler/index.js';
import { envelopesOf } from '../support/envelopes.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld();
  await world.work();
});
afterAll(() => world.close());

test('finds money held beyond its end that no workflow lets go, until it is let go', async () => {
  const account = await world.account(100_00);
  const payment = { account, amount: 11_00, capture: 'manual' as const };
  const live = await world.pay({ ...payment, amount: 12_00 });
  const lost = envelopesOf(world.tenant).payment(payment);
  await world.ledger.hold(lost, 'a run that was lost');
  await eventually(async () =>
    expect(await world.reads.operation(world.tenant, live)).toMatchObject({ phase: 'held' }),
  );
  await world.database.owner.unsafe(
    "update ledger.hold set expires_at = now() - interval '1 hour' where state = 'held'",
  );
  const alerts: unknown[] = [];
  const { database } = world.database;
  const { holds } = createHoldSweep({
    operations: createOpenOperations(database),
    findings: createFindings(database),
    watch: createWatch(world.temporal, world.taskQueue),
    onAlert: (alert) => alerts.push(alert),
    sustainedMs: 0,
  });

  const found = [await holds('sweep-1'), await holds('sweep-1'), await holds('sweep-2')];
  const before = await findingsOf();
  await world.ledger.release(lost, { kind: 'withdrawn' });
  await holds('sweep-3');

  const kind = 'hold-outlived';
  expect(found).toEqual([1, 1, 1]);
  expect(before).toMatchObject([{ kind, opId: lost.opId, times: 2, explained: false }]);
  expect(alerts).toMatchObject([{ kind, subject: lost.opId, tenant: world.tenant }]);
  expect(await findingsOf()).toMatchObject([{ kind, state: 'resolved', resolvedBy: 'reconciler' }]);
});

async function findingsOf() {
  const desk = createFindingDesk(world.database.database);
  return (await desk.list(world.tenant, {}, { limit: 10 })).rows;
}
