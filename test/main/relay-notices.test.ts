import { afterAll, beforeAll, expect, test } from 'vitest';
import { nanoid } from 'nanoid';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { aRelay } from './a-relay.js';

let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld();
  await world.work();
});
afterAll(() => world.close());

/** The process as production starts it, with the keys of the world. */
const aTeller = (name: string) =>
  aRelay(name, {
    ...{ DATABASE_URL: world.database.workerUrl, EVENT_SINKS: 'notices' },
    ...{ TEMPORAL_ADDRESS: world.temporalAddress, TEMPORAL_NAMESPACE: world.namespace },
    HOLDFAST_TASK_QUEUE: world.taskQueue,
    PAYLOAD_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
  });

test('every settled payment is told once, although relays are killed in the middle', async () => {
  const relay = await aTeller('doomed');
  const owners = await Promise.all(
    Array.from({ length: 10 }, async () => {
      const owner = `owner-${nanoid(6)}`;
      await world.post.recipient({ owner });
      return world.account(100_00, { owner });
    }),
  );
  const paid = async () => {
    const opIds = await Promise.all(owners.map((account) => world.pay({ account, amount: 1_00 })));
    for (const opId of opIds) await world.client.result(opId);
    return opIds;
  };

  const first = await paid();
  await relay.kill();
  const second = await paid();
  const [one, other] = await Promise.all([aTeller('one'), aTeller('other')]);
  await one.kill();
  await other.kill();
  await aTeller('last');
  const opIds = [...first, ...second, ...(await paid())];

  await eventually(
    async () => {
      const rows = await world.database.owner<{ parent: string; state: string; id: string }[]>`
        select parent_op_id as parent, state, op_id as id from ledger.operation
         where domain = 'Notification'`;
      expect(rows.map(({ parent }) => parent).sort()).toEqual([...opIds].sort());
      expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['COMPLETED']));
      for (const { id } of rows) expect(world.post.mailbox.shown(id)).toHaveLength(1);
    },
    { timeoutMs: 60_000 },
  );
  expect(await world.disagreeing()).toEqual([]);
}, 180_000);
