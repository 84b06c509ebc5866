import { nanoid } from 'nanoid';
import { expect, onTestFinished, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { type AccountId, commands, type OpId, outsideQueueOf } from '../../src/domain/index.js';
import { around, type Around } from '../support/around.js';
import { eventually } from '../support/eventually.js';
import { aMoneyWorld } from '../support/money-world.js';
import type { Crooked } from '../support/running-world.js';

// Where calls to the provider wait: apart from everything else, and account by account in turn.
const here = aMoneyWorld();

function aQueue() {
  const taskQueue = `queue-${nanoid(8)}`;
  const { temporal, tenant } = here.world;
  const client = createClient({ temporal, tenant, taskQueue });
  const start = async (account: AccountId, payload: object) => {
    const whole = { account, amount: 1_00, currency: 'EUR', capture: 'automatic', ...payload };
    return (await client.start({ ...commands.payment, idemKey: nanoid(), payload: whole })).opId;
  };
  return {
    client,
    pay: (account: AccountId) => start(account, { method: 'card' }),
    transfer: (account: AccountId, payTo: AccountId) =>
      start(account, { method: 'balance', payTo }),
    work: (crooked: Crooked) => here.world.work({ ...crooked, taskQueue }),
    /** How many calls to the provider wait for a worker. */
    async waiting(): Promise<number> {
      const { stats } = await temporal.workflowService.describeTaskQueue({
        namespace: here.world.namespace,
        taskQueue: { name: outsideQueueOf(taskQueue, 'payments') },
        taskQueueType: 2,
        reportStats: true,
      });
      return Number(stats?.approximateBacklogCount ?? 0);
    },
  };
}

/** A provider that takes calls, and answers none until it is told to. */
function aSlowProvider() {
  const asked: OpId[] = [];
  let answer = (): void => undefined;
  const answering = new Promise<void>((resolve) => {
    answer = resolve;
  });
  onTestFinished(answer);
  const charge: Around = async (call, opId) => {
    asked.push(opId);
    await answering;
    return call();
  };
  return { asked, charge, answer };
}

test('a slow provider holds up nothing but the calls to it', async () => {
  const queue = aQueue();
  const [payer, giver, taker] = await Promise.all(
    [100_00, 100_00, 0].map((funds) => here.world.account(funds)),
  );
  const slow = aSlowProvider();
  let [losing, lost] = [false, 0];
  // What no local activity could do, an ordinary one does, which needs a slot.
  const hold: Around = (call) => {
    if (!losing || lost === 3) return call();
    lost += 1;
    return Promise.reject(Object.assign(new Error('lost'), { code: '08006' }));
  };
  await queue.work({ paymentCallsMax: 2, ...around({ charge: slow.charge, hold }) });
  const waiting = await Promise.all(Array.from({ length: 5 }, () => queue.pay(payer as AccountId)));
  await eventually(async () => expect(await queue.waiting()).toBe(3));
  losing = true;
  const transfer = await queue.transfer(giver as AccountId, taker as AccountId);

  expect(await queue.client.result(transfer)).toMatchObject({ kind: 'settled' });
  expect(lost).toBe(3);
  expect(slow.asked).toHaveLength(2);
  const undecided = await Promise.all(waiting.map((opId) => here.row(opId)));
  expect(undecided.map((row) => row?.state)).toEqual(waiting.map(() => 'IN_PROGRESS'));

  slow.answer();
  for (const opId of waiting) {
    expect(await queue.client.result(opId)).toMatchObject({ kind: 'settled' });
    expect(await here.world.charges(opId)).toHaveLength(1);
  }
}, 60_000);

test('an account with one payment does not wait for another with many', async () => {
  const queue = aQueue();
  const [busy, modest] = await Promise.all([here.world.account(100_00), here.world.account(10_00)]);
  const leave = await queue.work({ paymentCallsMax: 0 });
  const many = await Promise.all(Array.from({ length: 24 }, () => queue.pay(busy)));
  await eventually(async () => expect(await queue.waiting()).toBe(many.length));
  const one = await queue.pay(modest);
  await eventually(async () => expect(await queue.waiting()).toBe(many.length + 1));

  const order: OpId[] = [];
  const charge: Around = (call, opId) => {
    order.push(opId);
    return call();
  };
  await leave();
  await queue.work({ paymentCallsMax: 1, ...around({ charge }) });

  for (const opId of [...many, one]) {
    expect(await queue.client.result(opId)).toMatchObject({ kind: 'settled' });
  }
  expect(order).toHaveLength(many.length + 1);
  // Next to the first of the many, or close behind: in the order of asking it would be the last.
  expect(order.indexOf(one)).toBeLessThan(4);
}, 60_000);
