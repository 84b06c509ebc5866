import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AccountId, commands, type OpId } from '../../src/domain/index.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld({ requestTimeoutMs: 500, ladderMs: [50, 100, 200, 400, 800] });
  await world.work();
});
afterAll(() => world.close());

let amounts = 60_00;

/** A settled payment of an amount of its own. */
async function aPayment() {
  amounts += 1;
  const [account, amount] = [await world.account(100_00), amounts];
  const payment = await world.pay({ account, amount });
  expect(await world.client.result(payment)).toMatchObject({ kind: 'settled' });
  return { account, amount, payment };
}

async function refund(payment: OpId, account: AccountId, amount?: number): Promise<OpId> {
  const payload = { payment, account, currency: 'EUR', ...(amount !== undefined && { amount }) };
  return (await world.client.start({ ...commands.refund, idemKey: nanoid(), payload })).opId;
}

async function payOut(account: AccountId, amount: number): Promise<OpId> {
  const payload = { account, amount, currency: 'EUR', destination: 'bank_1' };
  return (await world.client.start({ ...commands.payout, idemKey: nanoid(), payload })).opId;
}

async function atProvider(what: 'refunds' | 'payouts', opId: OpId) {
  const answer = await fetch(`${world.providerUrl}/${what}?reference=${opId}`);
  return ((await answer.json()) as { data: Record<string, unknown>[] }).data;
}

const faults = ['timeout-after', 'error-after', 'reset-after', 'timeout-before', 'html'] as const;

describe('a refund', () => {
  test('gives part back, then all that is left, and no more', async () => {
    const { account, amount, payment } = await aPayment();

    const part = await world.client.result(await refund(payment, account, 10_00));
    const rest = await world.client.result(await refund(payment, account));
    const more = await world.client.result(await refund(payment, account, 1));

    expect([part, rest]).toMatchObject([{ minor: 10_00 }, { minor: amount - 10_00 }]);
    expect(more).toMatchObject({ kind: 'fail', code: 'refund-exceeds-captured' });
    expect(await world.available(account)).toBe(100_00);
    expect(await world.disagreeing()).toEqual([]);
  });

  test.each(faults)('is made once when the answer meets %s', async (fault) => {
    const { account, amount, payment } = await aPayment();
    await world.fault({ fault, times: 1, match: { method: 'POST', amount: amount - 1 } });

    const opId = await refund(payment, account, amount - 1);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount - 1 });
    expect(await atProvider('refunds', opId)).toHaveLength(1);
    expect(await world.available(account)).toBe(100_00 - 1);
  });

  test('that the provider refuses leaves the money with who received it', async () => {
    const { account, amount, payment } = await aPayment();
    await world.fault({ fault: 'decline', times: 1, match: { method: 'POST', amount } });

    const opId = await refund(payment, account, amount);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'declined' });
    expect(await atProvider('refunds', opId)).toEqual([]);
    expect(await world.available(account)).toBe(100_00 - amount);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('of a transfer goes back inside the ledger', async () => {
    const [account, payTo] = [await world.account(50_00), await world.account(0)];
    const payment = await world.pay({ account, payTo, amount: 20_00, method: 'balance' });
    await world.client.result(payment);

    const opId = await refund(payment, account);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 20_00 });
    expect([await world.available(account), await world.available(payTo)]).toEqual([50_00, 0]);
    expect(await atProvider('refunds', opId)).toEqual([]);
  });
});

describe('a payout', () => {
  test.each(faults)('is made once when the answer meets %s', async (fault) => {
    amounts += 1;
    const [account, amount] = [await world.account(100_00), amounts];
    await world.fault({ fault, times: 1, match: { method: 'POST', path: '/payouts', amount } });

    const opId = await payOut(account, amount);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
    expect(await atProvider('payouts', opId)).toMatchObject([{ status: 'paid', amount }]);
    expect(await world.available(account)).toBe(100_00 - amount);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('that fails comes back to the account', async () => {
    amounts += 1;
    const [account, amount] = [await world.account(100_00), amounts];
    await world.fault({ fault: 'decline', match: { method: 'POST', path: '/payouts', amount } });

    const opId = await payOut(account, amount);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'declined' });
    expect(await world.available(account)).toBe(100_00);
  });

  test('of more than is there is refused before anybody is asked', async () => {
    const account = await world.account(10_00);

    const opId = await payOut(account, 10_01);

    expect(await world.client.result(opId)).toMatchObject({ code: 'insufficient-funds' });
    expect(await atProvider('payouts', opId)).toEqual([]);
  });
});
