import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createClient } from '../../src/client/index.js';
import { createDatabase, type Database } from '../../src/database/index.js';
import { commands, type OpId } from '../../src/domain/index.js';
import { createLedger } from '../../src/ledger/index.js';
import { inside } from '../support/around.js';
import { eventually } from '../support/eventually.js';
import { aMoneyWorld } from '../support/money-world.js';
import { createProxy, type Proxy } from '../support/proxy.js';

// A busy machine must not make a doubt of an answer that is merely slow.
const here = aMoneyWorld(10_000);

/** A payment of an account with funds, which nothing has been asked of yet. */
async function aPayment(more: object = {}) {
  const account = await here.world.account(100_00);
  const amount = here.ownAmount();
  return { account, amount, currency: 'EUR', capture: 'automatic', method: 'card', ...more };
}

async function started(client: Client, kind: keyof typeof commands, payload: object) {
  const { opId } = await client.start({ ...commands[kind], idemKey: nanoid(), payload });
  return opId;
}

test('a settled payment is at most 14 events of history', async () => {
  const paid = async () => {
    const opId = await started(here.world.client, 'payment', await aPayment());
    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
    return opId;
  };
  // A worker that has just begun may be too slow to keep it in one task.
  await paid();
  const opId = await paid();

  const { events } = await here.world.temporal.workflow.getHandle(opId).fetchHistory();

  expect(events?.length).toBeLessThanOrEqual(14);
});

describe('each step of the ledger is one round trip of SQL for', () => {
  let proxy: Proxy;
  let database: Database;
  let client: Client;
  const verbs: string[] = [];
  beforeAll(async () => {
    const { world } = here;
    const url = new URL(world.database.workerUrl);
    proxy = await createProxy({ port: Number(url.port) });
    database = createDatabase({
      ...{ url: proxy.via(url.href), poolMax: 1, applicationName: 'counted' },
    });
    const counted = inside((name) => (call) => {
      verbs.push(name);
      return call();
    });
    const taskQueue = `counted-${nanoid(8)}`;
    const ledger = createLedger(database);
    await world.work({ taskQueue, ledger: () => counted.ledger?.(ledger) ?? ledger });
    const { temporal, tenant } = world;
    client = createClient({ temporal, tenant, taskQueue });
  });
  afterAll(async () => {
    await database.close(1_000);
    await proxy.close();
  });

  test.each<[string, readonly string[], () => Promise<() => Promise<void>>]>([
    ['a settled payment', ['hold', 'settle'], aSettledPayment],
    ['a declined payment', ['hold', 'release'], aDeclinedPayment],
    [
      'a payment that is held, then captured',
      ['hold', 'notePhase', 'beginCapture', 'settle'],
      aCapturedHold,
    ],
    ['a refund', ['holdRefund', 'settle'], aRefund],
    ['a payout', ['holdPayout', 'settle'], aPayout],
  ])('%s: %j', async (_, steps, begin) => {
    // The first one prepares the statements.
    await (await begin())();
    const counted = await begin();
    verbs.length = 0;
    const before = proxy.postgresRoundTrips();

    await counted();

    expect(verbs).toEqual(steps);
    expect(proxy.postgresRoundTrips() - before).toBe(steps.length);
  });

  const ends = async (opId: OpId, end: object) =>
    expect(await client.result(opId)).toMatchObject(end);

  async function aSettledPayment() {
    const payload = await aPayment();
    return async () => ends(await started(client, 'payment', payload), { kind: 'settled' });
  }

  async function aDeclinedPayment() {
    const payload = await aPayment();
    const match = { method: 'POST', amount: payload.amount } as const;
    await here.world.fault({ fault: 'decline', times: 1, match });
    return async () => ends(await started(client, 'payment', payload), { code: 'declined' });
  }

  async function aCapturedHold() {
    const payload = await aPayment({ capture: 'manual' });
    return async () => {
      const opId = await started(client, 'payment', payload);
      await eventually(async () => {
        expect(await client.capture(opId, {}, nanoid())).toEqual({ kind: 'accepted' });
      });
      await ends(opId, { kind: 'settled' });
    };
  }

  async function aRefund() {
    const { account, amount } = await aPayment();
    const payment = await here.world.pay({ account, amount });
    await here.world.client.result(payment);
    const payload = { payment, account, amount, currency: 'EUR' };
    return async () => ends(await started(client, 'refund', payload), { kind: 'settled' });
  }

  async function aPayout() {
    const { account, amount, currency } = await aPayment();
    const payload = { account, amount, currency, destination: 'bank_1' };
    return async () => ends(await started(client, 'payout', payload), { kind: 'settled' });
  }
});

describe('a doubt asks the provider, by its own log,', () => {
  const rungs = [1, 2, 3, 4, 5];

  /** A payment whose call meets `fault`, and whose first looks are not answered. */
  async function inDoubt(fault: 'error-after' | 'error-before', unanswered: number) {
    const payload = await aPayment();
    const command = { ...commands.payment, idemKey: nanoid(), payload };
    const { opId } = here.world.client.identify(command);
    const { amount } = payload;
    await here.world.fault({ fault, times: 1, match: { method: 'POST', amount } });
    const match = { method: 'GET', path: '/charges', referencePrefix: `${opId}:` } as const;
    if (unanswered > 0) await here.world.fault({ fault: 'error-before', times: unanswered, match });
    await here.world.client.start(command);
    return opId;
  }

  const lookUps = (opId: OpId, times: number) =>
    eventually(() => expect(here.world.lookUps(opId)).toBe(times), { timeoutMs: 1_000 });

  test.each(rungs)('once for each of the %i rungs that it takes', async (taken) => {
    const opId = await inDoubt('error-after', taken - 1);

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
    await lookUps(opId, taken);
  });

  test('once for each rung there is, and then a person', async () => {
    const opId = await inDoubt('error-after', rungs.length);

    await eventually(async () => expect(await here.row(opId)).toMatchObject({ phase: 'parked' }));
    await lookUps(opId, rungs.length);
    await here.world.client.verify(opId);
    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
    await lookUps(opId, rungs.length + 1);
  });

  test('once more for a call that it repeats, to see that it was done once', async () => {
    const opId = await inDoubt('error-before', 0);

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
    await lookUps(opId, 2);
  });
});
