import { nanoid } from 'nanoid';
import { expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { breakerProfiles, commands, type OpId } from '../../src/domain/index.js';
import {
  createBreakerDesk,
  createBreakerStore,
  createWaitingMoney,
} from '../../src/ledger/index.js';
import type { OperationRow } from '../../src/ledger/reads.js';
import { createBreaker } from '../../src/providers/breaker.js';
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
  const desk = createBreakerDesk(here.world.database.database);
  await here.world.work({
    taskQueue,
    provider: (honest) =>
      guarded(honest, createBreaker({ provider: taskQueue, profile, store, actor: 'test' })),
  });
  const { temporal, tenant } = here.world;
  const client = createClient({ temporal, tenant, taskQueue });
  const pay = async (amount: number, options: { timeBudget?: number } = {}, more = {}) => {
    const account = await here.world.account(100_00);
    const charge = { currency: 'EUR', capture: 'automatic', method: 'card' };
    const payload = { account, amount, ...charge, ...more };
    const command = { ...commands.payment, idemKey: nanoid(), payload };
    return { account, amount, ...(await client.start(command, options)) };
  };
  const repaired = () => desk.operate(taskQueue, 'reset', 'test', 'it is mended');
  const isOpen = async () => (await store.read(taskQueue)).state.mode === 'open';
  return { client, pay, repaired, isOpen };
}

function known(row: OperationRow | undefined): OperationRow {
  if (row === undefined) throw new Error('the operation has a row');
  return row;
}

async function deferred(opId: OpId): Promise<void> {
  await eventually(async () =>
    expect(await here.world.reads.operation(here.world.tenant, opId)).toMatchObject({
      phase: 'deferred',
    }),
  );
}

/** Three calls that find nobody there, not even to be looked for, which is what opens a breaker. */
async function opened({ pay, isOpen }: Awaited<ReturnType<typeof aGuardedQueue>>) {
  await here.world.fault({ fault: 'down', match: { path: '/charges' } });
  const first = await Promise.all([pay(1_01), pay(1_02), pay(1_03)]);
  await eventually(async () => expect(await isOpen()).toBe(true));
  return first;
}

test('payments wait while the provider is not asked, and settle once each after it', async () => {
  const queue = await aGuardedQueue();
  const first = await opened(queue);
  // A budget that ends long before the provider comes back: it is not the payment's fault.
  const waiting = await Promise.all(
    [2_01, 2_02, 2_03, 2_04].map((amount) => queue.pay(amount, { timeBudget: 1_000 })),
  );
  for (const { opId } of waiting) await deferred(opId);
  const held = await Promise.all(waiting.map(({ account }) => here.world.available(account)));
  const rows = await Promise.all(waiting.map(({ opId }) => here.row(opId)));
  const waitingMoney = await createWaitingMoney(here.world.database.database)();
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
  expect(waitingMoney).toContainEqual({
    ...{ phase: 'deferred', currency: 'EUR' },
    ...{ minor: 2_01 + 2_02 + 2_03 + 2_04, operations: waiting.length },
  });
  expect(held).toEqual(waiting.map(({ amount }) => 100_00 - amount));
  for (const { acceptedAt, updatedAt, deferredUntil } of rows.map(known)) {
    const [from, to] = [acceptedAt, updatedAt].map((moment) => Date.parse(moment) + 24 * 3_600_000);
    expect(Date.parse(String(deferredUntil))).toBeGreaterThanOrEqual(Number(from));
    expect(Date.parse(String(deferredUntil))).toBeLessThanOrEqual(Number(to));
  }
  expect(await here.world.disagreeing()).toEqual([]);
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

test.each(['manual', 'multiple'])(
  'a %s hold that ends while it waits goes back, and nothing is authorised after it',
  async (capture) => {
    const queue = await aGuardedQueue();
    await opened(queue);
    const holdExpiresAt = Date.now() + 8_000;
    const { opId, account } = await queue.pay(4_01, {}, { capture, holdExpiresAt });
    await deferred(opId);
    const waiting = known(await here.row(opId));

    expect(await queue.client.result(opId)).toMatchObject({ kind: 'fail', code: 'hold-expired' });

    await here.world.heal();
    await queue.repaired();
    expect(waiting.deferredUntil).toBe(new Date(holdExpiresAt).toISOString());
    expect(await here.atProvider('charges', opId)).toEqual([]);
    expect(await here.world.available(account)).toBe(100_00);
    expect(await here.events(opId)).toContain('hold.expired');
  },
  60_000,
);

test('a capture that waits until the provider has let go takes nothing, and says so', async () => {
  const queue = await aGuardedQueue();
  const { opId, account } = await queue.pay(5_01, {}, { capture: 'manual' });
  await eventually(async () => expect(await here.events(opId)).toContain('hold.authorized'));
  await opened(queue);
  expect(await queue.client.capture(opId, {}, nanoid())).toMatchObject({ kind: 'accepted' });
  await deferred(opId);

  const body = JSON.stringify({ shiftMs: 8 * 24 * 3_600_000 });
  const headers = { 'content-type': 'application/json' };
  await fetch(`${here.world.providerUrl}/clock`, { method: 'POST', headers, body });
  await here.world.heal();
  await queue.repaired();
  await eventually(async () => {
    await queue.client.verify(opId);
    expect(await here.events(opId)).toContain('capture.refused');
  });
  expect(await queue.client.withdraw(opId)).toEqual({ kind: 'accepted' });

  expect(await queue.client.result(opId)).toMatchObject({ kind: 'fail', code: 'withdrawn' });
  expect(await here.atProvider('captures', opId)).toEqual([]);
  expect(await here.world.available(account)).toBe(100_00);
}, 60_000);
