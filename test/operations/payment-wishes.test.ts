import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { type AccountId, commands, type OpId } from '../../src/domain/index.js';
import { type Around, around } from '../support/around.js';
import { aRunningWorld, type Crooked, type RunningWorld } from '../support/running-world.js';

// What a person asks of a payment, and what a fault makes of it, at moments that do not suit.
let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld({ requestTimeoutMs: 500, ladderMs: [100, 100, 100] });
  await world.work();
});
afterAll(() => world.close());

const bug = () => Promise.reject(new TypeError('a bug of ours'));
const lost = () => Promise.reject(Object.assign(new Error('lost'), { code: '08006' }));
const limited = { kind: 'retry', reason: 'rate-limited', attempt: 1, nextRetryAfterMs: 500 };

/** The first call of a step runs inside `first`, later ones as they are. */
function once(first: Around): Around {
  let calls = 0;
  return (call, opId) => {
    calls += 1;
    return calls === 1 ? first(call, opId) : call();
  };
}

async function started({ timeBudget }: { timeBudget?: number } = {}) {
  const account = await world.account(100_00);
  const taskQueue = `queue-${nanoid(8)}`;
  const { temporal, tenant } = world;
  const client = createClient({ temporal, tenant, taskQueue });
  const { opId } = await client.start(
    aPayment(account),
    timeBudget === undefined ? {} : { timeBudget },
  );
  const work = (crooked: Crooked = {}) => world.work({ ...crooked, taskQueue });
  return { account, client, opId, work };
}

function aPayment(account: AccountId) {
  const payload = { account, amount: 7_77, currency: 'EUR', capture: 'automatic', method: 'card' };
  return { ...commands.payment, idemKey: nanoid(), payload };
}

async function parked(opId: OpId): Promise<void> {
  const values = async () => {
    const { typedSearchAttributes } = await world.temporal.workflow.getHandle(opId).describe();
    return typedSearchAttributes.getAll().map(({ value }) => value);
  };
  await expect.poll(values, { timeout: 15_000 }).toContain('parked');
}

describe('a withdrawal', () => {
  test('that was accepted is honoured when the answer of the hold is lost', async () => {
    const { client, opId, account, work } = await started();
    const answer = client.withdraw(opId);
    const acked = once(async (call) => {
      await call();
      return lost();
    });
    await work(around({ hold: acked }));

    expect(await answer).toEqual({ kind: 'accepted' });
    expect(await client.result(opId)).toMatchObject({ code: 'withdrawn' });
    expect(await world.available(account)).toBe(100_00);
    expect(await world.charges(opId)).toEqual([]);
  });

  test('by Cancel during a call that did nothing is not forgotten', async () => {
    const { client, opId, account, work } = await started();
    const cancelled = once(async (_, id) => {
      await world.temporal.workflow.getHandle(id).cancel();
      return limited;
    });
    await work(around({ charge: cancelled }));

    expect(await client.result(opId)).toMatchObject({ code: 'withdrawn' });
    expect(await world.available(account)).toBe(100_00);
  });

  test('wakes a payment that parked before it held anything', async () => {
    const { client, opId, account, work } = await started();
    await work(around({ hold: once(bug) }));
    await parked(opId);

    expect(await client.withdraw(opId)).toEqual({ kind: 'accepted' });

    expect(await client.result(opId)).toMatchObject({ code: 'withdrawn' });
    expect(await world.available(account)).toBe(100_00);
  });
});

describe('a payment that parked on a fault of ours', () => {
  test('remembers that the money goes back, and gives it back when it is mended', async () => {
    const { client, opId, account, work } = await started();
    const refused: Around = () =>
      Promise.resolve({ kind: 'fail', code: 'provider-refused', message: 'refused' });
    await work(around({ charge: refused, release: once(bug) }));
    await parked(opId);

    await client.verify(opId);

    expect(await client.result(opId)).toMatchObject({ code: 'provider-refused' });
    expect(await world.available(account)).toBe(100_00);
  });
});

describe('a charge', () => {
  test('is not begun after its time budget, however late a worker comes', async () => {
    const { client, opId, account, work } = await started({ timeBudget: 2_000 });
    const leave = await work({ paymentCallsMax: 0 });

    expect(await client.result(opId)).toMatchObject({ code: 'time-budget-exceeded' });
    await leave();
    await work();
    const { opId: next } = await client.start(aPayment(account));
    expect(await client.result(next)).toMatchObject({ kind: 'settled' });
    expect(await world.charges(opId)).toEqual([]);
    expect(await world.available(account)).toBe(100_00 - 7_77);
  });

  test('that a reset cut out of the history is looked for before money goes back', async () => {
    const { opId, account, work } = await started({ timeBudget: 8_000 });
    const post = { method: 'POST', amount: 7_77 } as const;
    await world.fault({ fault: 'timeout-after', times: 1, match: post });
    await world.fault({ fault: 'error-before', match: { method: 'GET', path: '/charges' } });
    await work(around({ charge: once(() => Promise.resolve(limited)) }));
    await parked(opId);
    const handle = world.temporal.workflow.getHandle(opId);
    const { runId } = await handle.describe();
    const events = (await handle.fetchHistory()).events ?? [];
    const fired = events.findIndex((event) => event.timerFiredEventAttributes);
    const after = events.slice(fired).find((event) => event.workflowTaskCompletedEventAttributes);
    await expect
      .poll(() => Date.now() - Number(events[0]?.eventTime?.seconds) * 1_000, {
        timeout: 15_000,
      })
      .toBeGreaterThan(10_000);

    await world.temporal.workflowService.resetWorkflowExecution({
      ...{ namespace: world.namespace, workflowExecution: { workflowId: opId, runId } },
      workflowTaskFinishEventId: after?.eventId ?? null,
      ...{ requestId: nanoid(), reason: 'a test' },
    });
    await expect.poll(async () => (await handle.describe()).runId).not.toBe(runId);
    await parked(opId);

    expect(await world.charges(opId)).toHaveLength(1);
    expect(await world.available(account)).toBe(100_00 - 7_77);
    await world.heal();
  });
});
