import { nanoid } from 'nanoid';
import { describe, expect, test } from 'vitest';
import { type AccountId, commands, type OpId } from '../../src/domain/index.js';
import { aMoneyWorld } from '../support/money-world.js';

const here = aMoneyWorld();

/** A settled payment of an amount of its own. */
async function aPayment() {
  const [account, amount] = [await here.world.account(100_00), here.ownAmount()];
  const payment = await here.world.pay({ account, amount });
  expect(await here.world.client.result(payment)).toMatchObject({ kind: 'settled' });
  return { account, amount, payment };
}

async function refund(payment: OpId, account: AccountId, amount?: number): Promise<OpId> {
  const payload = { payment, account, currency: 'EUR', ...(amount !== undefined && { amount }) };
  return (await here.world.client.start({ ...commands.refund, idemKey: nanoid(), payload })).opId;
}

async function payOut(account: AccountId, amount: number): Promise<OpId> {
  const payload = { account, amount, currency: 'EUR', destination: 'bank_1' };
  return (await here.world.client.start({ ...commands.payout, idemKey: nanoid(), payload })).opId;
}

const faults = ['timeout-after', 'error-after', 'reset-after', 'timeout-before', 'html'] as const;

describe('a refund', () => {
  test('gives part back, then all that is left, and no more', async () => {
    const { account, amount, payment } = await aPayment();

    const part = await here.world.client.result(await refund(payment, account, 10_00));
    const rest = await here.world.client.result(await refund(payment, account));
    const more = await here.world.client.result(await refund(payment, account, 1));

    expect([part, rest]).toMatchObject([{ minor: 10_00 }, { minor: amount - 10_00 }]);
    expect(more).toMatchObject({ kind: 'fail', code: 'refund-exceeds-captured' });
    expect(await here.world.available(account)).toBe(100_00);
    expect(await here.world.disagreeing()).toEqual([]);
  });

  test.each(faults)('is made once when the answer meets %s', async (fault) => {
    const { account, amount, payment } = await aPayment();
    await here.world.fault({ fault, times: 1, match: { method: 'POST', amount: amount - 1 } });

    const opId = await refund(payment, account, amount - 1);

    expect(await here.world.client.result(opId)).toMatchObject({
      kind: 'settled',
      minor: amount - 1,
    });
    expect(await here.atProvider('refunds', opId)).toHaveLength(1);
    expect(await here.world.available(account)).toBe(100_00 - 1);
  });

  test('that the provider refuses leaves the money with who received it', async () => {
    const { account, amount, payment } = await aPayment();
    await here.world.fault({ fault: 'decline', times: 1, match: { method: 'POST', amount } });

    const opId = await refund(payment, account, amount);

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'declined' });
    expect(await here.atProvider('refunds', opId)).toEqual([]);
    expect(await here.world.available(account)).toBe(100_00 - amount);
    expect(await here.world.disagreeing()).toEqual([]);
  });

  test('of a transfer goes back inside the ledger', async () => {
    const [account, payTo] = [await here.world.account(50_00), await here.world.account(0)];
    const payment = await here.world.pay({ account, payTo, amount: 20_00, method: 'balance' });
    await here.world.client.result(payment);

    const opId = await refund(payment, account);

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 20_00 });
    expect([await here.world.available(account), await here.world.available(payTo)]).toEqual([
      50_00, 0,
    ]);
    expect(await here.atProvider('refunds', opId)).toEqual([]);
  });
});

describe('a payout', () => {
  test.each(faults)('is made once when the answer meets %s', async (fault) => {
    const [account, amount] = [await here.world.account(100_00), here.ownAmount()];
    await here.world.fault({
      fault,
      times: 1,
      match: { method: 'POST', path: '/payouts', amount },
    });

    const opId = await payOut(account, amount);

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
    expect(await here.atProvider('payouts', opId)).toMatchObject([{ status: 'paid', amount }]);
    expect(await here.world.available(account)).toBe(100_00 - amount);
    expect(await here.world.disagreeing()).toEqual([]);
  });

  test('that fails comes back to the account', async () => {
    const [account, amount] = [await here.world.account(100_00), here.ownAmount()];
    await here.world.fault({
      fault: 'decline',
      match: { method: 'POST', path: '/payouts', amount },
    });

    const opId = await payOut(account, amount);

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'declined' });
    expect(await here.world.available(account)).toBe(100_00);
  });

  test('of more than is there is refused before anybody is asked', async () => {
    const account = await here.world.account(10_00);

    const opId = await payOut(account, 10_01);

    expect(await here.world.client.result(opId)).toMatchObject({ code: 'insufficient-funds' });
    expect(await here.atProvider('payouts', opId)).toEqual([]);
  });
});
