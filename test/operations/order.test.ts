import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, createClient } from '../../src/client/index.js';
import { type AccountId, commands, type OpId, opIdOf } from '../../src/domain/index.js';
import type { FaultRule } from '../../src/providers/sandbox/index.js';
import { reached } from '../replay/reached.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

// What a customer, a merchant and a person can do to an order on its way.
const funds = 100_00;
const amount = 20_00;
const quick = { requestTimeoutMs: 500, ladderMs: [50, 50, 50] };
let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld(quick);
  await world.work();
});
afterAll(() => world.close());

/** What somebody asks for under a key. */
function asked(of: 'order' | 'payment' | 'refund', payload: object, idemKey: string = nanoid()) {
  return { ...commands[of], idemKey, payload };
}

function anOrder(account: AccountId, idemKey?: string) {
  const items = [{ sku: 'mug', quantity: 2 }];
  return asked('order', { account, amount, currency: 'EUR', items }, idemKey);
}

/** The warehouse or the carrier does this at a step. */
function failing(path: string, fault: FaultRule['fault']): Promise<void> {
  return world.fault({ fault, match: { method: 'POST', path: `/services/${path}` } });
}

function paymentOf(order: OpId): OpId {
  const { tenant } = world;
  const key = { ...commands.payment, tenant, principal: 'tester' };
  return opIdOf({ ...key, idemKey: `payment/${order}` });
}

/** The payment of an order is captured, and what comes after it is not done. */
async function untilPaid(order: OpId): Promise<void> {
  await eventually(async () => {
    expect(await world.ledger.readPaid(order)).toEqual({ minor: amount });
  });
}

describe('an order whose payment somebody made first', () => {
  async function withPaymentOf(prefix: string) {
    const account = await world.account(funds);
    const idemKey = nanoid();
    const { tenant } = world;
    const order = opIdOf({ ...commands.order, tenant, principal: 'tester', idemKey });
    const cent = { account, amount: 1, currency: 'EUR', capture: 'automatic', method: 'card' };
    const { opId: theirs } = await world.client.start(asked('payment', cent, prefix + order));
    expect(await world.client.result(theirs)).toMatchObject({ kind: 'settled' });
    const { opId } = await world.client.start(anOrder(account, idemKey));
    expect(opId).toBe(order);
    return { account, opId, theirs, result: await world.client.result(opId) };
  }

  test('under a key that a caller may name is paid by its own', async () => {
    const { account, result } = await withPaymentOf('payment:');

    expect(result).toMatchObject({ kind: 'fulfilled' });
    expect(await world.available(account)).toBe(funds - 1 - amount);
  });

  test('under its very key is refused before anything is done, and leaves that one', async () => {
    const { account, opId, theirs, result } = await withPaymentOf('payment/');

    expect(result).toMatchObject({ kind: 'fail', code: 'invalid-state' });
    expect(await world.effects(opId)).toEqual([]);
    expect(await world.effects(theirs)).toEqual(['charge.1']);
    expect(await world.available(account)).toBe(funds - 1);
  });
});

describe('an open order', () => {
  test('keeps its money: nobody else gives its payment back', async () => {
    const account = await world.account(funds);
    await failing('warehouse/reserve-stock', 'rate-limit');
    const { opId } = await world.client.start(anOrder(account));
    await untilPaid(opId);

    const payment = paymentOf(opId);
    const refund = asked('refund', { payment, account, currency: 'EUR' });
    const { opId: refundId } = await world.client.start(refund);
    const refused = await world.client.result(refundId);
    await world.heal();

    expect(refused).toMatchObject({ kind: 'fail', code: 'invalid-state' });
    expect(await world.client.result(opId)).toMatchObject({ kind: 'fulfilled' });
    const later = await world.client.start(asked('refund', { payment, account, currency: 'EUR' }));
    expect(await world.client.result(later.opId)).toMatchObject({ kind: 'settled' });
    expect(await world.disagreeing()).toEqual([]);
  });

  test('that is withdrawn after it was paid gives the money back', async () => {
    const account = await world.account(funds);
    await failing('warehouse/reserve-stock', 'rate-limit');
    const { opId } = await world.client.start(anOrder(account));
    await untilPaid(opId);
    // The refund waits: while it does, it could be withdrawn as well.
    await world.fault({
      fault: 'rate-limit',
      times: 1,
      match: { method: 'POST', path: '/charges' },
    });

    await eventually(async () => {
      expect(await world.client.withdraw(opId)).toEqual({ kind: 'accepted' });
    });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'withdrawn' });
    await world.heal();
    expect(await world.available(account)).toBe(funds);
    expect(await world.disagreeing()).toEqual([]);
  });
});

describe('an order that parked while it gave back', () => {
  async function parkedOver(fault: FaultRule['fault'], client: Client) {
    const account = await world.account(funds);
    await failing('carrier/ship', 'decline');
    await failing('warehouse/release-stock', fault);
    const { opId } = await client.start(anOrder(account));
    await reached(world, opId, 'parked');
    await client.verify(opId);
    expect(await client.result(opId)).toMatchObject({ kind: 'fail', code: 'provider-refused' });
    expect(await world.available(account)).toBe(funds);
    expect(await world.disagreeing()).toEqual([]);
    return world.effects(opId);
  }

  test.each(['error-before', 'decline'] as const)('asks again after %s', async (fault) => {
    expect(await parkedOver(fault, world.client)).toContain('releaseStock.1');
  });

  test('asks under its next key when the service has forgotten the first', async () => {
    const taskQueue = `queue-${nanoid(8)}`;
    const { temporal, tenant } = world;
    const client = createClient({ temporal, tenant, taskQueue, principal: 'tester' });
    const stop = await world.work({
      taskQueue,
      services: ({ warehouse, ...others }) => {
        const forgetful = { ...warehouse, profile: { ...warehouse.profile, keyLifetimeMs: 0 } };
        return { ...others, warehouse: forgetful };
      },
    });

    // No look tells before it parked that nothing was done: that would be the end of the key.
    await world.fault({ fault: 'error-before', match: { method: 'GET', path: '/services' } });

    expect(await parkedOver('error-before', client)).toContain('releaseStock.1');
    await stop();
  });
});
