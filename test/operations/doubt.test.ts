import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { type AccountId, commands, defaultLadderMs, type OpId } from '../../src/domain/index.js';
import type { FaultRule } from '../../src/providers/sandbox/index.js';
import type { PaymentProvider } from '../../src/providers/provider.js';
import { firstLooks, lagging } from '../support/lagging.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';

// On the time-skipping server, with the ladder of production: seconds to hours, skipped.
let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld({ timeSkipping: true, requestTimeoutMs: 300 });
  await world.work();
});
afterAll(() => world.close());

let amounts = 20_00;
/** An amount that no other test uses, so that a fault strikes only where it is meant to. */
const ownAmount = () => {
  amounts += 1;
  return amounts;
};

const post = { method: 'POST', path: '/charges' } as const;
const look = { method: 'GET', path: '/charges' } as const;

describe('a charge that is in doubt', () => {
  const acted = ['timeout-after', 'error-after', 'reset-after', 'html', 'huge'] as const;
  const silent = ['timeout-before', 'error-before', 'reset-before', 'down'] as const;
  test.each([...acted, ...silent])('settles with one charge after %s', async (fault) => {
    const { account, amount, opId } = await paidUnder(fault);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
    // Charged by the first call, or by a second one under the same key.
    expect(await world.charges(opId)).toMatchObject([{ reference: `${opId}:charge.1:1` }]);
    expect(await world.available(account)).toBe(100_00 - amount);
  });

  test.each([
    ['captured', { kind: 'settled' }, 0],
    ['declined', { code: 'declined' }, 1],
  ] as const)(
    'asks twenty times of a pending one that is %s at last',
    async (becomes, end, back) => {
      const { account, amount, opId } = await paidPending(becomes, 19);

      expect(await world.client.result(opId)).toMatchObject(end);
      expect(await looks(opId)).toBe(20);
      expect(await world.available(account)).toBe(100_00 - amount * (1 - back));
    },
  );

  test('keeps the money of one that is pending for ever, in front of a person', async () => {
    const { account, amount, opId } = await paidPending('captured', Infinity);

    await parked(opId);

    expect(await looks(opId)).toBe(20);
    expect(await row(opId)).toMatchObject({ state: 'IN_PROGRESS', phase: 'parked' });
    expect(await world.available(account)).toBe(100_00 - amount);
  });

  test('goes back to the customer when the second look shows a decline', async () => {
    const [account, amount] = [await world.account(100_00), ownAmount()];
    await world.fault({ fault: 'error-before', times: 1, match: { ...post, amount } });
    await world.fault({ fault: 'decline', times: 1, match: { ...post, amount } });

    const opId = await world.pay({ account, amount });

    expect(await world.client.result(opId)).toMatchObject({ code: 'declined' });
    expect(await world.available(account)).toBe(100_00);
  });

  test('after a rate limit is no doubt: the call is made again', async () => {
    const [account, amount] = [await world.account(100_00), ownAmount()];
    await world.fault({ fault: 'rate-limit', times: 3, match: { ...post, amount } });

    const opId = await world.pay({ account, amount });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
    const types = await eventTypes(opId);
    expect(types).not.toContain('upsertWorkflowSearchAttributesEventAttributes');
    expect(await world.charges(opId)).toHaveLength(1);
  });

  test('after a rate limit is made again no sooner than the provider asks', async () => {
    const [account, amount] = [await world.account(100_00), ownAmount()];
    const match = { ...post, amount };
    await world.fault({ fault: 'rate-limit', times: 1, retryAfterMs: 60_000, match });

    const opId = await world.pay({ account, amount });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
    expect(await secondsTaken(opId)).toBeGreaterThanOrEqual(60);
    expect(await world.charges(opId)).toHaveLength(1);
  });

  test('gives the money back when no call acted until the budget ended', async () => {
    const [account, amount] = [await world.account(100_00), ownAmount()];
    await world.fault({ fault: 'rate-limit', retryAfterMs: 60_000, match: { ...post, amount } });

    const opId = await world.pay({ account, amount });

    expect(await world.client.result(opId)).toMatchObject({ code: 'time-budget-exceeded' });
    expect(await world.charges(opId)).toEqual([]);
    expect(await world.available(account)).toBe(100_00);
  });
});

describe('a call that was repeated', () => {
  test('is known for a second charge when the provider had lost our key', async () => {
    const { account, amount, opId } = await chargedTwice();

    await parked(opId);

    expect(await world.charges(opId)).toHaveLength(2);
    expect(await parkedBecause(opId)).toBe('2 charges under one reference');
    expect(await world.available(account)).toBe(100_00 - amount);
  });

  test('settles on the one that is left once a person had the other undone', async () => {
    const { account, amount, opId } = await chargedTwice();
    await parked(opId);
    const [one, other] = await world.charges(opId);
    const reference = `${opId}:refund.9:1`;
    await fetch(`${world.providerUrl}/charges/${other?.id}/refunds`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': reference },
      body: JSON.stringify({ reference, amount }),
    });

    await world.client.verify(opId);

    const chargeId = one?.id;
    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', chargeId });
    expect(await world.available(account)).toBe(100_00 - amount);
  });

  /** The first call acts and is lost, the look does not show it yet, and the key is not known. */
  async function chargedTwice() {
    const [account, amount] = [await world.account(100_00), ownAmount()];
    await world.fault({ fault: 'timeout-after', times: 1, match: { ...post, amount } });
    await world.fault({ fault: 'drop-keys', times: 1, match: { ...post, amount } });
    return { account, amount, opId: await paidAt(lagging, account, amount) };
  }
});

describe('a doubt that nothing ends', () => {
  test('climbs the whole ladder, then parks with the money held', async () => {
    const [account, amount] = [await world.account(100_00), ownAmount()];
    const opId = await unanswered(account, amount);

    await parked(opId);

    expect(await world.available(account)).toBe(100_00 - amount);
    expect(await row(opId)).toMatchObject({ state: 'IN_PROGRESS', phase: 'parked' });
    expect(await looks(opId)).toBe(defaultLadderMs.length);
    expect(await secondsTaken(opId)).toBeGreaterThan(3 * 24 * 3_600);
  });

  test.each(['a person asks again', 'the provider tells of it'])('settles when %s', async (by) => {
    const [account, amount] = [await world.account(100_00), ownAmount()];
    const opId = await unanswered(account, amount);
    await parked(opId);
    const chargeId = (await world.charges(opId))[0]?.id ?? '';

    const at = { reference: `${opId}:charge.1:1`, minor: amount, currency: 'EUR' } as const;
    if (by === 'a person asks again') await world.heal().then(() => world.client.verify(opId));
    else await world.client.evidence(opId, { kind: 'captured', chargeId, ...at });

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
    await world.heal();
    expect(await world.charges(opId)).toHaveLength(1);
  });

  test('is fenced off once its budget is over and nothing stands at the provider', async () => {
    const [account, amount] = [await world.account(100_00), ownAmount()];
    await world.fault({ fault: 'timeout-before', match: { ...post, amount } });

    const opId = await world.pay({ account, amount });

    expect(await world.client.result(opId)).toMatchObject({ code: 'time-budget-exceeded' });
    expect(await world.available(account)).toBe(100_00);
    await world.heal();
    const late = await chargeLate(opId, amount);
    expect(late).toMatchObject({ status: 409, code: 'reference-fenced' });
    expect(await world.charges(opId)).toEqual([]);
  });

  test.each(['wrong-amount', 'wrong-currency'] as const)(
    'parks on an answer of %s',
    async (fault) => {
      const { account, amount, opId } = await paidUnder(fault);
      await parked(opId);

      expect(await row(opId)).toMatchObject({ state: 'IN_PROGRESS', phase: 'parked' });
      expect(await world.available(account)).toBe(100_00 - amount);
    },
  );
});

/** A payment of an amount of its own, whose first charge meets `fault`. */
async function paidUnder(fault: FaultRule['fault']) {
  const [account, amount] = [await world.account(100_00), ownAmount()];
  await world.fault({ fault, times: 1, match: { ...post, amount } });
  return { account, amount, opId: await world.pay({ account, amount }) };
}

/** A payment of an amount of its own that is pending, and still is at so many looks. */
async function paidPending(becomes: 'captured' | 'declined', pendingLooks: number) {
  const [account, amount] = [await world.account(100_00), ownAmount()];
  const match = { ...post, amount };
  await world.fault({ fault: 'pending', becomes, delayMs: 1, times: 1, match });
  const provider = firstLooks(pendingLooks, 'pending');
  return { account, amount, opId: await paidAt(provider, account, amount) };
}

/** A payment by a worker of its own, whose provider is this one. */
type Bent = (honest: PaymentProvider) => PaymentProvider;
async function paidAt(provider: Bent, account: AccountId, amount: number) {
  const taskQueue = `own-queue-${amount}`;
  await world.work({ taskQueue, provider });
  const { temporal, tenant } = world;
  const client = createClient({ temporal, taskQueue, tenant });
  const payload = { account, amount, currency: 'EUR', capture: 'automatic', method: 'card' };
  const command = { ...commands.payment, idemKey: taskQueue, payload };
  return (await client.start(command)).opId;
}

/** The provider charges, and neither the answer nor any look at it comes through. */
async function unanswered(account: AccountId, amount: number) {
  await world.fault({ fault: 'timeout-after', times: 1, match: { ...post, amount } });
  await world.fault({ fault: 'error-before', match: look });
  return world.pay({ account, amount });
}

/** The call that was lost on its way, and comes at last. */
async function chargeLate(opId: OpId, amount: number) {
  const reference = `${opId}:charge.1:1`;
  const answer = await fetch(`${world.providerUrl}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': reference },
    body: JSON.stringify({ reference, amount, currency: 'EUR', capture: true }),
  });
  const { code } = (await answer.json()) as { code?: string };
  return { status: answer.status, code };
}

const day = 24 * 3_600_000;

async function parked(opId: OpId, times = 1): Promise<void> {
  for (let days = 0; days < 6 && (await parkings(opId)) < times; days += 1) await world.skip(day);
  await expect.poll(() => parkings(opId)).toBe(times);
}

async function parkings(opId: OpId): Promise<number> {
  const rows = await world.database.owner`
    select x.seq from ledger.outbox x join ledger.operation o on o.id = x.op
     where o.op_id = ${opId} and x.type = 'payment.parked'`;
  return rows.length;
}

async function parkedBecause(opId: OpId): Promise<string | undefined> {
  const [last] = await world.database.owner<{ reason: string }[]>`
    select s.result #>> '{detail,reason}' as reason
      from ledger.step s join ledger.operation o on o.id = s.op
     where o.op_id = ${opId} and s.result ->> 'phase' = 'parked' order by s.at desc limit 1`;
  return last?.reason;
}

async function row(opId: OpId) {
  const found = await world.reads.operation(world.tenant, opId);
  if (found === undefined) throw new Error(`no row of ${opId}`);
  return found;
}

async function history(opId: OpId) {
  return (await world.temporal.workflow.getHandle(opId).fetchHistory()).events ?? [];
}

async function looks(opId: OpId): Promise<number> {
  return (await eventTypes(opId)).filter((type) => type.startsWith('timerStarted')).length;
}

async function secondsTaken(opId: OpId): Promise<number> {
  const seconds = (await history(opId)).map(({ eventTime }) => Number(eventTime?.seconds));
  return Math.max(...seconds) - Math.min(...seconds);
}

async function eventTypes(opId: OpId): Promise<string[]> {
  return (await history(opId)).map((event) =>
    String(Object.keys(event).find((key) => key.endsWith('Attributes'))),
  );
}
