import { WorkflowNotFoundError } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import type { OpId, OutsideAnswer, PaymentPayload } from '../../src/domain/index.js';
import { capture, evidence, extend } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import { aMoneyWorld } from '../support/money-world.js';

const here = aMoneyWorld();

/** A payment of an amount of its own that is authorised and waits. */
async function aHold(asked: Partial<PaymentPayload> = {}) {
  const amount = here.ownAmount();
  const account = await here.world.account(100_00);
  const opId = await here.world.pay({ account, amount, capture: 'manual', ...asked });
  await phaseOf(opId, 'held');
  return { account, amount, opId };
}

const handle = (opId: OpId) => here.world.temporal.workflow.getHandle(opId);
const take = (opId: OpId, amount?: number, final?: boolean) =>
  handle(opId).executeUpdate(capture, {
    args: [{ ...(amount !== undefined && { amount }), ...(final !== undefined && { final }) }],
  });

async function phaseOf(opId: OpId, phase: string): Promise<void> {
  await eventually(async () => expect(await here.row(opId)).toMatchObject({ phase }));
}

describe('a hold', () => {
  test('is authorised and keeps its money until it is captured, in part', async () => {
    const { account, amount, opId } = await aHold();
    const before = await here.world.available(account);

    expect(await take(opId, 10_00)).toMatchObject({ kind: 'accepted' });

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 10_00 });
    expect(before).toBe(100_00 - amount);
    expect(await here.world.available(account)).toBe(90_00);
    expect(await here.atProvider('charges', opId)).toMatchObject([{ capturedAmount: 10_00 }]);
    expect(await here.world.disagreeing()).toEqual([]);
  });

  test('of several captures keeps the rest, and ends settled when that is let go', async () => {
    const { account, opId } = await aHold({ capture: 'multiple' });

    await take(opId, 10_00);
    await eventually(async () => expect(await here.atProvider('captures', opId)).toHaveLength(1));
    await phaseOf(opId, 'held');
    await take(opId, 5_00);
    await eventually(async () => expect(await here.events(opId)).toContain('payment.captured'));
    await eventually(async () =>
      expect(await here.world.client.withdraw(opId)).toMatchObject(accepted),
    );

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 15_00 });
    expect(await here.world.available(account)).toBe(85_00);
    expect(await here.atProvider('voids', opId)).toHaveLength(1);
    expect(await here.world.disagreeing()).toEqual([]);
  });

  test('takes more than it holds within the tolerance, and no more', async () => {
    const { account, amount, opId } = await aHold();
    const most = amount + Math.floor((amount * 15) / 100);

    expect(await take(opId, most + 1)).toMatchObject({ code: 'capture-exceeds-hold' });
    expect(await take(opId, most)).toMatchObject(accepted);

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled', minor: most });
    expect(await here.world.available(account)).toBe(100_00 - most);
  });

  test('that is cancelled is let go at the provider, and its money is free', async () => {
    const { account, opId } = await aHold();

    expect(await here.world.client.withdraw(opId)).toMatchObject(accepted);

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'withdrawn' });
    expect(await here.atProvider('charges', opId)).toMatchObject([{ status: 'voided' }]);
    expect(await here.world.available(account)).toBe(100_00);
    await expect(take(opId)).rejects.toThrow(WorkflowNotFoundError);
  });

  test('has one winner when it is captured and cancelled at the same moment', async () => {
    const holds = await Promise.all(Array.from({ length: 8 }, () => aHold()));

    const rounds = holds.map(async ({ account, amount, opId }, round) => {
      const wishes = [() => take(opId), () => here.world.client.withdraw(opId)];
      if (round % 2 === 1) wishes.reverse();
      const answers = await Promise.all(wishes.map((wish) => wish().catch(() => late)));
      const result = await here.world.client.result(opId);
      const settled = result?.kind === 'settled';
      expect(answers.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
      const [charge] = await here.atProvider('charges', opId);
      expect(charge).toMatchObject({
        status: settled ? 'captured' : 'voided',
        capturedAmount: settled ? amount : 0,
      });
      expect(await here.world.available(account)).toBe(settled ? 100_00 - amount : 100_00);
    });

    await Promise.all(rounds);
    expect(await here.world.disagreeing()).toEqual([]);
  });

  test.each(['timeout-after', 'error-after', 'reset-after', 'timeout-before'] as const)(
    'is captured once when the answer meets %s',
    async (fault) => {
      const { account, amount, opId } = await aHold();
      const match = { method: 'POST', amount, path: await chargePath(opId, 'capture') } as const;
      await here.world.fault({ fault, times: 1, match });

      await take(opId);

      expect(await here.world.client.result(opId)).toMatchObject({
        kind: 'settled',
        minor: amount,
      });
      expect(await here.atProvider('captures', opId)).toHaveLength(1);
      expect(await here.world.available(account)).toBe(100_00 - amount);
    },
  );

  test.each(['timeout-before', 'error-before', 'reset-before', 'down', 'timeout-after'] as const)(
    'is let go once when the void meets %s',
    async (fault) => {
      const { account, opId } = await aHold();
      const match = { method: 'POST', path: await chargePath(opId, 'void') } as const;
      await here.world.fault({ fault, times: 1, match });

      await here.world.client.withdraw(opId);

      expect(await here.world.client.result(opId)).toMatchObject({ code: 'withdrawn' });
      expect(await here.atProvider('voids', opId)).toHaveLength(1);
      expect(await here.world.available(account)).toBe(100_00);
    },
  );

  test('stays held when its capture is refused for want of money', async () => {
    const account = await here.world.account(41_00);
    const opId = await here.world.pay({ account, amount: 40_00, capture: 'manual' });
    await phaseOf(opId, 'held');

    await take(opId, 45_00);
    await eventually(async () => expect(await here.events(opId)).toContain('capture.refused'));
    await here.world.client.withdraw(opId);

    expect(await here.world.client.result(opId)).toMatchObject({ code: 'withdrawn' });
    expect(await here.atProvider('captures', opId)).toEqual([]);
    expect(await here.world.available(account)).toBe(41_00);
  });

  test('ends by itself when its time is over, at the provider first', async () => {
    const { account, opId } = await aHold({ holdExpiresAt: Date.now() + 2_500 });

    expect(await here.world.client.result(opId)).toMatchObject({
      kind: 'fail',
      code: 'hold-expired',
    });
    expect(await here.atProvider('charges', opId)).toMatchObject([{ status: 'voided' }]);
    expect(await here.events(opId)).toEqual(
      expect.arrayContaining(['hold.expiring', 'hold.expired']),
    );
    expect(await here.world.available(account)).toBe(100_00);
  });

  test('can be made to end later, though not later than the provider lets it', async () => {
    const { opId } = await aHold({ holdExpiresAt: Date.now() + 4_000 });
    const later = (expiresAt: number) => handle(opId).executeUpdate(extend, { args: [expiresAt] });

    expect(await later(Date.now() - 1)).toMatchObject({ code: 'moment-past' });
    expect(await later(Date.now() + 30 * 24 * 3_600_000)).toMatchObject({ code: 'hold-too-long' });
    expect(await later(Date.now() + 3_600_000)).toMatchObject(accepted);
    await eventually(async () => expect(await here.events(opId)).toContain('hold.extended'));

    await take(opId);
    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
  });
});

describe('what a provider tells by itself', () => {
  test('ends a doubt that no look can end', async () => {
    const { account, amount, opId } = await inDoubt();
    const [charge] = await here.world.charges(opId);

    await tell(opId, captured(opId, amount, charge?.id ?? ''));

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
    expect(await here.world.available(account)).toBe(100_00 - amount);
    await here.world.heal();
  });

  test.each<[string, Partial<OutsideAnswer>]>([
    ['another amount', { minor: 1 }],
    ['another currency', { currency: 'USD' }],
  ])('is not taken when it says %s', async (_, change) => {
    const { account, amount, opId } = await inDoubt();

    await tell(opId, { ...captured(opId, amount, 'ch_x'), ...change } as OutsideAnswer);

    await phaseOf(opId, 'parked');
    expect(await here.world.available(account)).toBe(100_00 - amount);
    await here.world.heal();
  });

  async function inDoubt() {
    const [account, amount] = [await here.world.account(100_00), here.ownAmount()];
    await here.world.fault({
      fault: 'timeout-after',
      times: 1,
      match: { method: 'POST', path: '/charges', amount },
    });
    await here.world.fault({ fault: 'error-before', match: { method: 'GET', path: '/charges' } });
    const opId = await here.world.pay({ account, amount });
    await phaseOf(opId, 'in-doubt');
    return { account, amount, opId };
  }

  const tell = (opId: OpId, told: OutsideAnswer) => handle(opId).signal(evidence, told);
  const captured = (opId: OpId, minor: number, chargeId: string): OutsideAnswer => ({
    ...{ kind: 'captured', reference: `${opId}:charge.1:1`, chargeId, minor, currency: 'EUR' },
  });
});

const accepted = { kind: 'accepted' };
const late = { kind: 'too-late' };

async function chargePath(opId: OpId, move: 'capture' | 'void'): Promise<string> {
  const [charge] = await here.atProvider('charges', opId);
  return `/charges/${String(charge?.id)}/${move}`;
}
