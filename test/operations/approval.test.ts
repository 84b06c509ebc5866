import { nanoid } from 'nanoid';
import { beforeAll, describe, expect, test } from 'vitest';
import { createClient, createWatch } from '../../src/client/index.js';
import { commands, type OpId, type PaymentPayload } from '../../src/domain/index.js';
import { type Approvals, createApprovals, createOpenOperations } from '../../src/ledger/index.js';
import { createDatabase } from '../../src/database/index.js';
import { around } from '../support/around.js';
import { eventually } from '../support/eventually.js';
import { aMoneyWorld } from '../support/money-world.js';

// What is above the amount that one person may move alone.
const here = aMoneyWorld(60_00);
const approvalAbove = 20_00;
let approvals: Approvals;
beforeAll(() => {
  const { readerUrl } = here.world.database;
  const database = createDatabase({ url: readerUrl, poolMax: 4, applicationName: 'approvals' });
  approvals = createApprovals(database);
  return () => database.close(1_000);
});

const says = (opId: OpId, verdict: 'approved' | 'refused', principal = 'bob') => {
  const { tenant } = here.world;
  return approvals.act({ tenant, opId, verdict, principal, actor: principal, reason: 'I called' });
};

async function pay(payload: Partial<PaymentPayload> = {}, options: { timeBudget?: number } = {}) {
  const account = await here.world.account(100_00);
  const whole = { amount: here.ownAmount(), currency: 'EUR', capture: 'automatic', method: 'card' };
  const command = { ...commands.payment, idemKey: nanoid(), payload: { account, ...whole } };
  Object.assign(command.payload, payload);
  const { opId } = await here.world.client.start(command, { approvalAbove, ...options });
  return { account, opId };
}

const awaits = (opId: OpId) =>
  eventually(async () =>
    expect(await here.row(opId)).toMatchObject({
      phase: 'awaiting-approval',
      state: 'IN_PROGRESS',
    }),
  );

describe('what is above the amount', () => {
  test('waits with its money held, and is charged once a second person approves', async () => {
    const { account, opId } = await pay({ amount: 61_00 });
    await awaits(opId);
    const before = [await here.world.available(account), await here.world.charges(opId)];

    expect(await says(opId, 'approved')).toMatchObject({ kind: 'decided' });
    await here.world.client.verify(opId);

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 61_00 });
    expect(before).toEqual([39_00, []]);
    expect(await here.world.charges(opId)).toHaveLength(1);
    const events = await here.events(opId);
    expect(events).toEqual(
      expect.arrayContaining(['payment.awaiting-approval', 'payment.approved']),
    );
    const audit = await here.world.database.owner<{ principal: string; reason: string }[]>`
      select a.principal, a.detail ->> 'reason' as reason
        from ledger.audit a where a.subject = ${opId} and a.action = 'approval.approved'`;
    expect([...audit]).toEqual([{ principal: 'bob', reason: 'I called' }]);
    const history = await here.world.temporal.workflow.getHandle(opId).fetchHistory();
    expect(JSON.stringify(history)).not.toContain(Buffer.from('I called').toString('base64'));
    expect(await here.world.disagreeing()).toEqual([]);
  });

  test('gives the money back when a second person refuses', async () => {
    const { account, opId } = await pay();
    await awaits(opId);

    await says(opId, 'refused');
    await here.world.client.verify(opId);

    expect(await here.world.client.result(opId)).toMatchObject({ code: 'approval-refused' });
    expect(await here.world.available(account)).toBe(100_00);
    expect(await here.world.charges(opId)).toEqual([]);
  });

  test('gives the money back when nobody approves in its time', async () => {
    const { account, opId } = await pay({}, { timeBudget: 1_000 });

    expect(await here.world.client.result(opId)).toMatchObject({ code: 'approval-expired' });
    expect(await here.world.available(account)).toBe(100_00);
    expect(await says(opId, 'approved')).toMatchObject({ code: 'invalid-state' });
  });

  test('can be withdrawn while it waits', async () => {
    const { account, opId } = await pay();
    await awaits(opId);

    expect(await here.world.client.withdraw(opId)).toEqual({ kind: 'accepted' });

    expect(await here.world.client.result(opId)).toMatchObject({ code: 'withdrawn' });
    expect(await here.world.available(account)).toBe(100_00);
  });

  test('is not approved by who asked for it, nor against the first word', async () => {
    const { opId } = await pay();
    await awaits(opId);

    expect(await says(opId, 'approved', 'tester')).toMatchObject({ code: 'second-person-needed' });
    expect(await says(opId, 'refused')).toMatchObject({ kind: 'decided' });
    expect(await says(opId, 'refused')).toMatchObject({ kind: 'decided' });
    expect(await says(opId, 'approved')).toMatchObject({ code: 'invalid-state' });
    expect(await says(opId, 'refused', 'eve')).toMatchObject({ code: 'invalid-state' });
  });

  test('hears what was said in time though nobody told it', async () => {
    const { opId } = await pay({}, { timeBudget: 2_000 });
    await awaits(opId);

    await says(opId, 'approved');

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
    expect(await here.world.charges(opId)).toHaveLength(1);
  });

  test('ends one way when the word and a withdrawal come together', async () => {
    for (let round = 1; round <= 6; round += 1) {
      const { account, opId } = await pay({ amount: 62_00 });
      await awaits(opId);

      const withdrawal = here.world.client.withdraw(opId);
      const [withdrawn] = await Promise.all([withdrawal, says(opId, 'approved')]);
      await here.world.client.verify(opId);

      const result = await here.world.client.result(opId);
      const isWithdrawn = withdrawn.kind === 'accepted';
      expect(result).toMatchObject(isWithdrawn ? { code: 'withdrawn' } : { kind: 'settled' });
      expect(await here.world.charges(opId)).toHaveLength(isWithdrawn ? 0 : 1);
      expect(await here.world.available(account)).toBe(isWithdrawn ? 100_00 : 38_00);
    }
  });

  test('is asked for before a transfer, a refund and a payout as well', async () => {
    const { client } = here.world;
    const payTo = await here.world.account(0);
    const { opId, account } = await pay({ method: 'balance', payTo, amount: 30_00 });
    const approved = async (waiting: OpId) => {
      await awaits(waiting);
      await says(waiting, 'approved');
      await client.verify(waiting);
      expect(await client.result(waiting)).toMatchObject({ kind: 'settled', minor: 30_00 });
    };
    await approved(opId);
    const of = { amount: 30_00, currency: 'EUR' };
    const back = { payment: opId, account, currency: 'EUR' };
    const refund = { ...commands.refund, idemKey: nanoid(), payload: back };
    await approved((await client.start(refund, { approvalAbove })).opId);
    const out = { account, ...of, destination: 'bank_1' };
    const payout = { ...commands.payout, idemKey: nanoid(), payload: out };
    await approved((await client.start(payout, { approvalAbove })).opId);
    expect(await here.world.available(account)).toBe(70_00);
    expect(await here.world.disagreeing()).toEqual([]);
  });

  test('is asked for once, also when the run that asked is lost', async () => {
    const { temporal, tenant } = here.world;
    const taskQueue = `approval-${nanoid(8)}`;
    const client = createClient({ temporal, tenant, taskQueue, principal: 'tester' });
    const account = await here.world.account(100_00);
    const payload = {
      account,
      amount: 63_00,
      currency: 'EUR',
      capture: 'automatic',
      method: 'card',
    };
    const command = { ...commands.payment, idemKey: nanoid(), payload };
    let holds = 0;
    const twice = async (call: () => Promise<unknown>) => {
      holds += 1;
      return call();
    };
    await here.world.work({ taskQueue, ...around({ hold: twice }) });
    const { opId } = await client.start(command, { approvalAbove });
    await awaits(opId);
    await temporal.workflow.getHandle(opId).terminate();
    const open = createOpenOperations(here.world.database.database);
    const rows = await open.page(0, 200, 0);
    const row = rows.find(({ envelope }) => envelope.opId === opId);
    if (row === undefined) throw new Error('its row is open');
    expect(row.envelope.approvalAbove).toBe(approvalAbove);
    await says(opId, 'approved');
    await createWatch(temporal, taskQueue).restart(row.envelope);

    expect(await client.result(opId)).toMatchObject({ kind: 'settled', minor: 63_00 });
    expect(holds).toBe(2);
    expect(await here.world.charges(opId)).toHaveLength(1);
  });

  test('does not hold up what is not above it', async () => {
    const { opId } = await pay({ amount: approvalAbove });

    expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled' });
    expect(await here.events(opId)).not.toContain('payment.awaiting-approval');
  });
});
