import { nanoid } from 'nanoid';
import { describe, expect, test } from 'vitest';
import { createClient, createWatch, IdempotencyKeyReused } from '../../src/client/index.js';
import {
  breakerProfiles,
  commands,
  type OpId,
  type PaymentPayload,
} from '../../src/domain/index.js';
import {
  createBreakerDesk,
  createBreakerStore,
  createOpenOperations,
  createStanding,
} from '../../src/ledger/index.js';
import type { OperationRow } from '../../src/ledger/reads.js';
import { createBreaker } from '../../src/providers/breaker.js';
import { guarded } from '../../src/providers/guarded.js';
import { type Around, around } from '../support/around.js';
import { eventually } from '../support/eventually.js';
import { aMoneyWorld } from '../support/money-world.js';
import type { Crooked } from '../support/running-world.js';

// The payment's side of a breaker: what waits while the provider is not asked.
const here = aMoneyWorld();

// Long enough that only a person ends it here.
const profile = { ...breakerProfiles.payments, openMs: 3_600_000 };

/** A queue whose worker asks the provider through a breaker. */
async function aGuardedQueue(crooked: Crooked = {}) {
  const taskQueue = `guarded-${nanoid(8)}`;
  const store = createBreakerStore(here.world.database.database);
  const desk = createBreakerDesk(here.world.database.database);
  await here.world.work({
    ...crooked,
    taskQueue,
    provider: (honest) =>
      guarded(honest, createBreaker({ provider: taskQueue, profile, store, actor: 'test' })),
  });
  const { temporal, tenant } = here.world;
  const client = createClient({ temporal, tenant, taskQueue });
  const pay = async (
    amount: number,
    options: { timeBudget?: number } = {},
    more: Partial<PaymentPayload> = {},
  ) => {
    const account = await here.world.account(100_00);
    const plain = { account, amount, currency: 'EUR', capture: 'automatic', method: 'card' };
    const payload = { ...plain, ...more };
    const command = { ...commands.payment, idemKey: nanoid(), payload };
    return { account, amount, ...(await client.start(command, options)) };
  };
  const repaired = () => desk.operate(taskQueue, 'reset', 'test', 'it is mended');
  const isOpen = async () => (await store.read(taskQueue)).state.mode === 'open';
  return { client, pay, repaired, isOpen, taskQueue };
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
  const { waiting: waitingMoney } = await createStanding(here.world.database.database)();
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

test.each(['manual', 'multiple'] as const)(
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

describe('another method', () => {
  test('pays from the account while the provider is not asked, and is never charged', async () => {
    const queue = await aGuardedQueue();
    await opened(queue);
    const payTo = await here.world.account(0);
    const { opId, account } = await queue.pay(4_01, {}, { payTo });
    await deferred(opId);

    const choose = (method: 'card' | 'balance', key: string) =>
      queue.client.chooseMethod(opId, method, key);
    expect(await choose('card', 'stay-as-it-is')).toEqual({ kind: 'accepted' });
    expect(await choose('balance', 'another-way')).toEqual({ kind: 'accepted' });

    expect(await queue.client.result(opId)).toMatchObject({ kind: 'settled', minor: 4_01 });
    expect(await choose('balance', 'another-way')).toEqual({ kind: 'accepted' });
    await expect(choose('card', 'another-way')).rejects.toThrow(IdempotencyKeyReused);
    expect(await choose('balance', 'once-more')).toMatchObject({ code: 'invalid-state' });
    await here.world.heal();
    expect(await here.atProvider('charges', opId)).toEqual([]);
    expect(await here.world.available(account)).toBe(100_00 - 4_01);
    expect(await here.world.available(payTo)).toBe(4_01);
    expect(await here.events(opId)).toContain('payment.method-chosen');
    expect(await here.world.disagreeing()).toEqual([]);
  }, 60_000);

  test('is not for a payment that is to be captured later, nor after a withdrawal', async () => {
    const queue = await aGuardedQueue();
    await opened(queue);
    const { opId, account } = await queue.pay(4_02, {}, { capture: 'manual' });
    await deferred(opId);

    const refusal = await queue.client.chooseMethod(opId, 'balance', 'another-way');
    await queue.client.withdraw(opId);
    const late = await queue.client.chooseMethod(opId, 'card', 'stay-as-it-is');

    expect(refusal).toEqual({ kind: 'refused', code: 'not-supported' });
    expect(late).toEqual({ kind: 'refused', code: 'invalid-state' });
    await queue.client.result(opId);
    await here.world.heal();
    expect(await here.world.available(account)).toBe(100_00);
  }, 60_000);

  test('or the charge, and never both, when the provider comes back meanwhile', async () => {
    const queue = await aGuardedQueue();
    await opened(queue);
    const amounts = Array.from({ length: 12 }, (_, index) => 5_01 + index);
    const waiting = await Promise.all(amounts.map((amount) => queue.pay(amount)));
    for (const { opId } of waiting) await deferred(opId);
    await here.world.heal();

    // Half of them are let through first; a key that got no answer is sent again.
    const chosen = (opId: OpId) =>
      eventually(() => queue.client.chooseMethod(opId, 'balance', 'another-way'));
    const back = queue.repaired();
    const answers = await Promise.all(
      waiting.map(async ({ opId }, index) => {
        if (index % 2 === 0) await back.then(() => queue.client.verify(opId));
        return chosen(opId);
      }),
    );

    for (const [index, { opId, account, amount }] of waiting.entries()) {
      const isChosen = answers[index]?.kind === 'accepted';
      await eventually(async () => {
        const result = await queue.client.result(opId, 200);
        if (result === undefined) await queue.client.verify(opId);
        expect(result).toMatchObject({ kind: 'settled', minor: amount });
      });
      expect(await here.world.charges(opId)).toHaveLength(isChosen ? 0 : 1);
      expect(await here.world.available(account)).toBe(100_00 - amount);
    }
    expect(await here.world.disagreeing()).toEqual([]);
  }, 60_000);

  test('that was chosen stays so when the run that heard it is lost', async () => {
    const queue = await aGuardedQueue(around({ settle: onceLost() }));
    await opened(queue);
    const { opId, account } = await queue.pay(6_01);
    await deferred(opId);
    await queue.client.chooseMethod(opId, 'balance', 'another-way');
    await eventually(async () => expect(await here.row(opId)).toMatchObject({ phase: 'parked' }));
    const { temporal } = here.world;
    await temporal.workflow.getHandle(opId).terminate();
    await here.world.heal();
    await queue.repaired();
    const open = await createOpenOperations(here.world.database.database).page(0, 200, 0);
    const row = open.find(({ envelope }) => envelope.opId === opId);
    if (row === undefined) throw new Error('its row is open');

    await createWatch(temporal, queue.taskQueue).restart(row.envelope);

    expect(await queue.client.result(opId)).toMatchObject({ kind: 'settled', minor: 6_01 });
    expect(await here.world.charges(opId)).toEqual([]);
    expect(await here.world.available(account)).toBe(100_00 - 6_01);
  }, 60_000);
});

/** The first call fails for good. */
function onceLost(): Around {
  let calls = 0;
  return (call) => {
    calls += 1;
    return calls === 1 ? Promise.reject(new TypeError('a bug of ours')) : call();
  };
}
