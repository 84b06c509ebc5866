import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { breakerProfiles, commands, type OpId } from '../../src/domain/index.js';
import { createBreakerStore } from '../../src/ledger/index.js';
import { createBreaker } from '../../src/providers/breaker.js';
import { guarded } from '../../src/providers/guarded.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

// The payment's side of a breaker: what waits while the provider is not asked.
let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld({ requestTimeoutMs: 500, ladderMs: [100, 200, 400, 800, 1_600] });
  await world.work();
});
afterAll(() => world.close());

const recovery = [{ share: 1, forMs: 200 }];
const profile = { ...breakerProfiles.payments, openMs: 1_500, recovery };

/** A queue whose worker asks the provider through a breaker. */
async function aGuardedQueue() {
  const taskQueue = `guarded-${nanoid(8)}`;
  const store = createBreakerStore(world.database.database);
  await world.work({
    taskQueue,
    provider: (honest) =>
      guarded(honest, createBreaker({ provider: taskQueue, profile, store, actor: 'test' })),
  });
  const { temporal, tenant } = world;
  const client = createClient({ temporal, tenant, taskQueue });
  const pay = async (amount: number, options: { timeBudget?: number } = {}) => {
    const account = await world.account(100_00);
    const payload = { account, amount, currency: 'EUR', capture: 'automatic', method: 'card' };
    const command = { ...commands.payment, idemKey: nanoid(), payload };
    return { account, amount, ...(await client.start(command, options)) };
  };
  return { client, pay };
}

async function deferred(opId: OpId): Promise<void> {
  await eventually(async () =>
    expect(await world.reads.operation(world.tenant, opId)).toMatchObject({ phase: 'deferred' }),
  );
}

/** Three calls that find nobody there, which is what opens a breaker. */
async function opened({ pay }: Awaited<ReturnType<typeof aGuardedQueue>>) {
  await world.fault({ fault: 'down', match: { method: 'POST', path: '/charges' } });
  return Promise.all([pay(1_01), pay(1_02), pay(1_03)]);
}

test('payments wait while the provider is not asked, and settle once each after it', async () => {
  const queue = await aGuardedQueue();
  const first = await opened(queue);
  await eventually(async () => expect(await breakerMode()).toBe('open'));
  // A budget that ends long before the provider comes back: it is not the payment's fault.
  const waiting = await Promise.all(
    [2_01, 2_02, 2_03, 2_04].map((amount) => queue.pay(amount, { timeBudget: 1_000 })),
  );
  for (const { opId } of waiting) await deferred(opId);
  const held = await Promise.all(waiting.map(({ account }) => world.available(account)));
  await world.heal();

  for (const { opId, amount } of [...first, ...waiting]) {
    expect(await queue.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
    expect(await world.charges(opId)).toHaveLength(1);
  }
  expect(held).toEqual(waiting.map(({ amount }) => 100_00 - amount));
  expect(await world.disagreeing()).toEqual([]);

  async function breakerMode() {
    const [row] = await world.database.owner<{ mode: string }[]>`
      select state ->> 'mode' as mode from ledger.breaker order by changed_at desc limit 1`;
    return row?.mode;
  }
}, 60_000);

test('a payment that waits can be withdrawn, and is never charged', async () => {
  const queue = await aGuardedQueue();
  await opened(queue);
  const { opId, account } = await queue.pay(3_01);
  await deferred(opId);

  expect(await queue.client.withdraw(opId)).toEqual({ kind: 'accepted' });

  expect(await queue.client.result(opId)).toMatchObject({ code: 'withdrawn' });
  await world.heal();
  expect(await world.charges(opId)).toEqual([]);
  expect(await world.available(account)).toBe(100_00);
}, 60_000);
