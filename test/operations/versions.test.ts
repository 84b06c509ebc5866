import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

// Two builds of the workers at once, and the work given to one, then to the other.
let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld();
});
afterAll(() => world.close());

async function makeCurrent(buildId: string): Promise<void> {
  const { temporal, namespace, taskQueue } = world;
  await eventually(
    async () => {
      await temporal.workflowService.setWorkerDeploymentCurrentVersion({
        ...{ namespace, buildId, deploymentName: taskQueue, identity: 'tester' },
      });
    },
    { timeoutMs: 30_000, everyMs: 500 },
  );
}

async function areHeld(opIds: readonly OpId[]): Promise<void> {
  const looked = async () => {
    const rows = await Promise.all(opIds.map((opId) => world.reads.operation(world.tenant, opId)));
    expect(rows.map((row) => row?.phase)).toEqual(opIds.map(() => 'held'));
  };
  await eventually(looked, { timeoutMs: 30_000 });
}

test('operations go on when another version becomes current, forward and back', async () => {
  const stopOld = await world.work({ buildId: 'old' });
  await makeCurrent('old');
  const account = await world.account(1_000_00);
  const someHolds = () =>
    Promise.all(Array.from({ length: 4 }, () => world.pay({ account, capture: 'manual' })));

  const before = await someHolds();
  await areHeld(before);
  await world.work({ buildId: 'new' });
  await makeCurrent('new');
  const between = await someHolds();
  await areHeld(between);
  await makeCurrent('old');
  const after = await someHolds();
  await areHeld(after);
  await makeCurrent('new');
  await stopOld();

  for (const opId of [...before, ...between, ...after]) {
    expect(await world.client.capture(opId, {}, `capture-${opId}`)).toEqual({ kind: 'accepted' });
    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
    expect(await world.effects(opId)).toHaveLength(2);
  }
}, 120_000);
