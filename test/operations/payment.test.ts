import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { type AccountId, commands } from '../../src/domain/index.js';
import { type Around, around } from '../support/around.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld({ requestTimeoutMs: 500, ladderMs: [50, 50, 50] });
  await world.work();
});
afterAll(() => world.close());

const merchant = 'merchant:EUR' as AccountId;

describe('a payment', () => {
  test('settles: the provider has one charge, the merchant has the money', async () => {
    const account = await world.account(100_00);
    const before = (await world.available(merchant)) ?? 0;

    const opId = await world.pay({ account, amount: 30_00 });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 30_00 });
    expect(await world.charges(opId)).toMatchObject([{ amount: 30_00, currency: 'EUR' }]);
    expect(await world.available(account)).toBe(70_00);
    expect(await world.available(merchant)).toBe(before + 30_00);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('gives the money back when the provider declines', async () => {
    const account = await world.account(100_00);
    await world.fault({ fault: 'decline', times: 1, match: { amount: 11_11, method: 'POST' } });

    const opId = await world.pay({ account, amount: 11_11 });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'declined' });
    expect(await world.charges(opId)).toEqual([]);
    expect(await world.available(account)).toBe(100_00);
  });

  test('never calls the provider when the funds do not suffice', async () => {
    const account = await world.account(10_00);

    const opId = await world.pay({ account, amount: 10_01 });

    expect(await world.client.result(opId)).toMatchObject({ code: 'insufficient-funds' });
    expect(await world.charges(opId)).toEqual([]);
    expect(await world.available(account)).toBe(10_00);
  });

  test('moves money between two accounts without any provider', async () => {
    const [from, to] = [await world.account(50_00), await world.account(0)];

    const opId = await world.pay({ account: from, payTo: to, method: 'balance', amount: 20_00 });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
    expect(await world.charges(opId)).toEqual([]);
    expect([await world.available(from), await world.available(to)]).toEqual([30_00, 20_00]);
  });

  test('finds a charge whose answer was lost, and charges no second time', async () => {
    const account = await world.account(100_00);
    await world.fault({ fault: 'timeout-after', times: 1, match: { amount: 12_12 } });

    const opId = await world.pay({ account, amount: 12_12 });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
    expect(await world.charges(opId)).toHaveLength(1);
    expect(await world.available(account)).toBe(87_88);
  });

  test('is refused when it begins after its time budget', async () => {
    const account = await world.account(100_00);
    const queue = `late-${nanoid(8)}`;
    const { temporal, tenant } = world;
    const late = createClient({ temporal, tenant, taskQueue: queue, principal: 'late' });
    const payload = { account, amount: 100, currency: 'EUR', capture: 'automatic', method: 'card' };
    const command = { ...commands.payment, idemKey: nanoid(), payload };
    await world.database.owner.unsafe(
      `create or replace function ledger.clock() returns timestamptz language sql volatile as
       $$ select clock_timestamp() + interval '1 hour' $$`,
    );
    try {
      const { opId } = await late.start(command);
      const stop = await world.work({ taskQueue: queue });
      expect(await late.result(opId)).toMatchObject({ code: 'time-budget-exceeded' });
      await stop();
    } finally {
      await world.database.owner.unsafe(
        `create or replace function ledger.clock() returns timestamptz language sql volatile as
         $$ select clock_timestamp() $$`,
      );
    }
    expect(await world.available(account)).toBe(100_00);
  });
});

describe('a ledger that does not answer', () => {
  /** Settles on a queue of its own, on a worker whose settle first fails as `failures` say. */
  async function paidWith(failures: readonly Error[]) {
    const account = await world.account(100_00);
    const left = [...failures];
    const failing: Around = (call) => {
      const failure = left.shift();
      return failure === undefined ? call() : Promise.reject(failure);
    };
    const taskQueue = `failing-${nanoid(8)}`;
    await world.work({ taskQueue, ...around({ settle: failing }) });
    const { temporal, tenant } = world;
    const client = createClient({ temporal, tenant, taskQueue });
    const payload = { account, amount: 100, currency: 'EUR', capture: 'automatic', method: 'card' };
    const { opId } = await client.start({ ...commands.payment, idemKey: nanoid(), payload });
    return { account, client, opId };
  }

  test('is asked as long as it takes once the charge is made', async () => {
    const away = Object.assign(new Error('starting up'), { code: '57P03' });

    const { client, opId, account } = await paidWith([away, away, away, away]);

    expect(await client.result(opId)).toMatchObject({ kind: 'settled' });
    expect(await world.available(account)).toBe(99_00);
    expect(await world.charges(opId)).toHaveLength(1);
  });

  test('parks what no repetition mends, money held, and ends when it is mended', async () => {
    const { client, opId, account } = await paidWith([new TypeError('a bug of ours')]);
    const phase = async () => (await world.reads.operation(world.tenant, opId))?.phase;
    await expect.poll(phase, { timeout: 15_000 }).toBe('parked');
    expect(await world.available(account)).toBe(99_00);

    await client.verify(opId);

    expect(await client.result(opId)).toMatchObject({ kind: 'settled' });
    expect(await world.charges(opId)).toHaveLength(1);
  });
});

describe('the same key', () => {
  test('is the same operation, charged once', async () => {
    const account = await world.account(100_00);
    const key = nanoid();

    const [first, second] = [await world.pay({ account }, key), await world.pay({ account }, key)];

    expect(second).toBe(first);
    await world.client.result(first);
    expect(await world.pay({ account }, key)).toBe(first);
    expect(await world.charges(first)).toHaveLength(1);
  });

  test('with another amount names the field and never its value', async () => {
    const account = await world.account(100_00);
    const key = nanoid();
    await world.pay({ account, amount: 1_00 }, key);

    const again = world.pay({ account, amount: 2_34 }, key);

    await expect(again).rejects.toMatchObject({ differs: ['amount'] });
    await expect(again).rejects.not.toThrow(/234/);
  });

  test('outlives the workflow: the row answers when Temporal has forgotten', async () => {
    const account = await world.account(100_00);
    const key = nanoid();
    const opId = await world.pay({ account, amount: 5_00 }, key);
    const first = await world.client.result(opId);
    const forgetful = await aRunningWorld({ books: world, timeSkipping: true });
    await forgetful.work();

    expect(await forgetful.pay({ account, amount: 5_00 }, key)).toBe(opId);

    expect(await forgetful.client.result(opId)).toEqual({ ...first, replayed: true });
    expect(await forgetful.charges()).toEqual([]);
    await forgetful.close();
  });

  test('with another amount is refused by the row when Temporal has forgotten', async () => {
    const account = await world.account(100_00);
    const key = nanoid();
    await world.client.result(await world.pay({ account, amount: 5_00 }, key));
    const forgetful = await aRunningWorld({ books: world, timeSkipping: true });
    await forgetful.work();

    const opId = await forgetful.pay({ account, amount: 6_00 }, key);

    expect(await forgetful.client.result(opId)).toMatchObject({ code: 'idempotency-key-reused' });
    expect(await world.available(account)).toBe(95_00);
    await forgetful.close();
  });
});

describe('a stranger who looks at a payment', () => {
  test('reads what it is, where it stands and what it came to', async () => {
    const account = await world.account(100_00);
    const opId = await world.pay({ account, amount: 12_50 });
    await world.client.result(opId);

    const handle = world.temporal.workflow.getHandle(opId);
    const description = await handle.describe();
    const pairs = description.typedSearchAttributes.getAll();
    const attributes = Object.fromEntries(pairs.map(({ key, value }) => [key.name, value]));

    expect(attributes).toMatchObject({
      ...{ tenant: world.tenant, operationType: 'PaymentRequested' },
      ...{ account, currency: 'EUR', amount: 12_50 },
    });
    expect(await description.staticSummary()).toBe(`PaymentRequested · 12.50 EUR · ${account}`);
    const { currentDetails } = await handle.query<{ currentDetails: string }>(
      '__temporal_workflow_metadata',
    );
    expect(currentDetails).toBe(`**Settled**: 12.50 EUR from ${account} to the merchant.`);
  });

  test('finds neither an amount nor a name in the memo, only digests', async () => {
    const account = await world.account(100_00);
    const opId = await world.pay({ account, amount: 12_51 });

    const { memo } = await world.temporal.workflow.getHandle(opId).describe();

    expect(memo).toMatchObject({ principal: 'tester', eventType: 'PaymentRequested' });
    expect(JSON.stringify(memo?.['digests'])).not.toMatch(/1251|EUR|acc-/);
  });

  test('follows one trace from the start into rows and the call to the provider', async () => {
    const account = await world.account(100_00);
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const taskQueue = `traced-${nanoid(8)}`;
    const sent: (string | undefined)[] = [];
    await world.work({
      taskQueue,
      provider: (honest) => ({
        ...honest,
        perform: (request) => {
          sent.push(request.trace);
          return honest.perform(request);
        },
      }),
    });
    const { temporal, tenant } = world;
    const client = createClient({ temporal, tenant, taskQueue });
    const payload = { account, amount: 100, currency: 'EUR', capture: 'automatic', method: 'card' };

    const command = { ...commands.payment, idemKey: nanoid(), payload };
    const { opId } = await client.start(command, { trace });
    await client.result(opId);

    const rows = await world.database.owner`
      select trace from ledger.operation where op_id = ${opId}
      union select x.trace from ledger.entry x join ledger.operation o on o.id = x.op
       where op_id = ${opId}
      union select x.trace from ledger.outbox x join ledger.operation o on o.id = x.op
       where op_id = ${opId}`;
    expect([sent, [...rows]]).toEqual([[trace], [{ trace }]]);
  });
});
