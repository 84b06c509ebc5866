import { nanoid } from 'nanoid';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { breakerProfiles, commands, type OpId } from '../../src/domain/index.js';
import { createBreakerStore } from '../../src/ledger/index.js';
import { createBreaker } from '../../src/providers/breaker.js';
import { operateBreaker } from '../../src/providers/operate-breaker.js';
import { guarded } from '../../src/providers/guarded.js';
import { eventually } from '../support/eventually.js';
import { aMoneyWorld } from '../support/money-world.js';

// The payment's side of a breaker: what waits while the provider is not asked.
const here = aMoneyWorld();

// Long enough that only a person ends it here.
const profile = { ...breakerProfiles.payments, openMs: 3_600_000 };

/** A queue whose worker asks the provider through a breaker. */
async function aGuardedQueue() {
  const taskQueue = `guarded-${nanoid(8)}`;
  const store = createBreakerStore(here.world.database.database);
  await here.world.work({
    taskQueue,
    provider: (honest) =>
      guarded(honest, createBreaker({ provider: taskQueue, profile, store, actor: 'test' })),
  });
  const { temporal, tenant } = here.world;
  const client = createClient({ temporal, tenant, taskQueue });
  const pay = async (amount: number, options: { timeBudget?: number } = {}) => {
    const account = await here.world.account(100_00);
    const payload = { account, amount, currency: 'EUR', capture: 'automatic', method: 'card' };
    const command = { ...commands.payment, idemKey: nanoid(), payload };
    return { account, amount, ...(await client.start(command, options)) };
  };
  const repaired = () => operateBreaker(store, taskQueue, 'reset', 'test');
  return { client, pay, repaired };
}

async function deferred(opId: OpId): Promise<void> {
  await eventually(async () =>
    expect(await here.world.reads.operation(here.world.tenant, opId)).toMatchObject({
      phase: 'deferred',
    }),
  );
}

/** Three calls that find nobody there, which is what opens a breaker. */
async function opened({ pay }: Awaited<ReturnType<typeof aGuardedQueue>>) {
  await here.world.fault({ fault: 'down', match: { method: 'POST', path: '/charges' } });
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
  const held = await Promise.all(waiting.map(({ account }) => here.world.available(account)));
  await here.world.heal();
  await queue.repaired();

  for (const { opId, amount } of [...first, ...waiting]) {
    // A worker may see the breaker as it was for another second.
    await eventually(async () => {
      const result = await queue.client.result(opId, 200);
      if (result === undefined) await queue.client.verify(opId);
      expect(result).toMatchObject({ kind: 'settled', minor: amount });
    });
    expect(await here.world.charges(opId)).toHaveLength(1);
  }
  expect(held).toEqual(waiting.map(({ amount }) => 100_00 - amount));
  expect(await here.world.disagreeing()).toEqual([]);

  async function breakerMode() {
    const [row] = await here.world.database.owner<{ mode: string }[]>`
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
  await here.world.heal();
  expect(await here.world.charges(opId)).toEqual([]);
  expect(await here.world.available(account)).toBe(100_00);
}, 60_000);
