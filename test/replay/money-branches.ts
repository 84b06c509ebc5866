import { nanoid } from 'nanoid';
import {
  type AccountId,
  type Command,
  commands,
  lateCommandOf,
  type OpId,
  type OutsideAnswer,
} from '../../src/domain/index.js';
import type { FaultRule } from '../../src/providers/sandbox/index.js';
import { capture, evidence, extend } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import type { RunningWorld } from '../support/running-world.js';

interface Walked {
  readonly world: RunningWorld;
  readonly account: AccountId;
  readonly amount: number;
  readonly opId: OpId;
}

/** A way through a hold, a refund, a payout or a late success. */
export interface MoneyBranch {
  readonly name: string;
  walk(world: RunningWorld): Promise<OpId>;
}

/** Every branch of the operations that hold, give back and send out. */
export const moneyBranches: readonly MoneyBranch[] = [
  held('held-captured', (way) => take(way)),
  held('held-captured-over', (way) => take(way, way.amount + 1)),
  held('held-captured-in-parts', async (way) => {
    await take(way, 1);
    await happened(way, 'payment.captured');
    await way.world.client.withdraw(way.opId);
  }),
  held('held-withdrawn', (way) => way.world.client.withdraw(way.opId)),
  held('held-expired', async (way) => {
    await update(way).executeUpdate(extend, { args: [Date.now() + 300] });
  }),
  held('held-capture-in-doubt', async (way) => {
    await strikes(way, { fault: 'timeout-after' });
    await take(way);
  }),
  held('held-capture-refused', async (way) => {
    await take(way, way.amount + 4);
    await happened(way, 'capture.refused');
    await way.world.client.withdraw(way.opId);
  }),
  held('held-void-in-doubt', async (way) => {
    const [charge] = await chargesOf(way);
    const path = `/charges/${String(charge?.id)}/void`;
    await way.world.fault({ fault: 'error-after', times: 1, match: { method: 'POST', path } });
    await way.world.client.withdraw(way.opId);
  }),
  refunded('refund-settled'),
  refunded('refund-in-doubt', { fault: 'reset-after' }),
  refunded('refund-declined', { fault: 'decline' }),
  sent('payout-settled'),
  sent('payout-in-doubt', { fault: 'timeout-after' }),
  sent('payout-failed', { fault: 'decline' }),
  late('late-refunded', true),
  late('late-voided', false),
  told('payment-told', {}),
  told('payment-told-otherwise', { minor: 1 }),
  { name: 'payment-told-when-parked', walk: toldWhenParked },
  { name: 'payment-fenced', walk: fenced },
  // The gate row-before-schedule: the first history is older than it.
  { name: 'payment-scheduled', walk: scheduled },
  { name: 'payment-scheduled-with-its-row', walk: scheduled },
];

let amounts = 30_00;

/** A hold of all but 2 of what the account has. */
function held(name: string, act: (way: Walked) => Promise<unknown>): MoneyBranch {
  return {
    name,
    async walk(world) {
      amounts += 1;
      const [account, amount] = [await world.account(amounts + 2), amounts];
      const opId = await world.pay({ account, amount, capture: 'multiple' });
      const way = { world, account, amount, opId };
      await happened(way, 'hold.authorized');
      await act(way);
      await world.client.result(opId);
      return opId;
    },
  };
}

function refunded(name: string, rule?: FaultRule): MoneyBranch {
  return {
    name,
    async walk(world) {
      amounts += 1;
      const [account, amount] = [await world.account(amounts), amounts];
      const payment = await world.pay({ account, amount });
      await world.client.result(payment);
      const payload = { payment, account, amount, currency: 'EUR' };
      return ended(world, amount, { ...commands.refund, payload }, rule);
    },
  };
}

function sent(name: string, rule?: FaultRule): MoneyBranch {
  return {
    name,
    async walk(world) {
      amounts += 1;
      const account = await world.account(amounts);
      const payload = { account, amount: amounts, currency: 'EUR', destination: 'bank_1' };
      return ended(world, amounts, { ...commands.payout, payload }, rule);
    },
  };
}

function late(name: string, captured: boolean): MoneyBranch {
  return {
    name,
    async walk(world) {
      amounts += 1;
      const account = await world.account(0);
      const opId = await world.pay({ account, amount: amounts });
      await world.client.result(opId);
      const reference = `${opId}:${captured ? 'charge' : 'authorize'}.1:1`;
      const answer = await fetch(`${world.providerUrl}/charges`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': reference },
        body: JSON.stringify({ reference, amount: amounts, currency: 'EUR', capture: captured }),
      });
      const { id: chargeId } = (await answer.json()) as { id: string };
      const kind = captured ? 'captured' : 'authorized';
      const seen = { kind, reference, chargeId, minor: amounts, currency: 'EUR' } as const;
      const command = lateCommandOf(opId, account, seen);
      if (command === undefined) throw new Error('nothing to give back');
      return ended(world, amounts, command);
    },
  };
}

function told(name: string, change: Partial<{ minor: number }>): MoneyBranch {
  return {
    name,
    async walk(world) {
      amounts += 1;
      const way = await inDoubt(world, 'timeout-after');
      await happened(way, 'payment.in-doubt');
      const [charge] = await world.charges(way.opId);
      const seen = {
        ...{ kind: 'captured', reference: `${way.opId}:charge.1:1`, chargeId: charge?.id ?? '' },
        ...{ minor: way.amount, currency: 'EUR', ...change },
      };
      await update(way).signal(evidence, seen as OutsideAnswer);
      await happened(way, change.minor === undefined ? 'payment.settled' : 'payment.parked');
      await world.heal();
      if (change.minor === undefined) await world.client.result(way.opId);
      return way.opId;
    },
  };
}

async function toldWhenParked(world: RunningWorld): Promise<OpId> {
  amounts += 1;
  const way = await inDoubt(world, 'timeout-after');
  await happened(way, 'payment.in-doubt');
  const [charge] = await world.charges(way.opId);
  const { amount: minor, opId } = way;
  const asked = { reference: `${opId}:charge.1:1`, currency: 'EUR' };
  const seen = { kind: 'captured', chargeId: charge?.id ?? '', ...asked };
  await update(way).signal(evidence, { ...seen, minor: minor + 1 } as OutsideAnswer);
  await happened(way, 'payment.parked');
  await update(way).signal(evidence, { ...seen, minor } as OutsideAnswer);
  await world.client.result(opId);
  await world.heal();
  return opId;
}

async function fenced(world: RunningWorld): Promise<OpId> {
  amounts += 1;
  const account = await world.account(amounts);
  const match = { method: 'POST', path: '/charges', amount: amounts } as const;
  await world.fault({ fault: 'timeout-before', match });
  const payload = { account, amount: amounts, currency: 'EUR', capture: 'automatic' };
  const command = {
    ...commands.payment,
    idemKey: nanoid(),
    payload: { ...payload, method: 'card' },
  };
  const { opId } = await world.client.start(command, { timeBudget: 600 });
  await world.client.result(opId);
  await world.heal();
  return opId;
}

async function scheduled(world: RunningWorld): Promise<OpId> {
  amounts += 1;
  const account = await world.account(amounts);
  const opId = await world.pay({ account, amount: amounts, scheduledAt: Date.now() + 1_000 });
  await world.client.result(opId);
  return opId;
}

async function inDoubt(world: RunningWorld, fault: FaultRule['fault']): Promise<Walked> {
  const [account, amount] = [await world.account(amounts), amounts];
  await world.fault({ fault, times: 1, match: { method: 'POST', path: '/charges', amount } });
  await world.fault({ fault: 'error-before', match: { method: 'GET', path: '/charges' } });
  return { world, account, amount, opId: await world.pay({ account, amount }) };
}

async function ended(
  world: RunningWorld,
  amount: number,
  command: Omit<Command, 'idemKey'>,
  rule?: FaultRule,
): Promise<OpId> {
  if (rule) await world.fault({ ...rule, times: 1, match: { method: 'POST', amount } });
  const { opId } = await world.client.start({ idemKey: nanoid(), ...command });
  await world.client.result(opId);
  return opId;
}

const update = ({ world, opId }: Walked) => world.temporal.workflow.getHandle(opId);

function take(way: Walked, amount?: number) {
  const wish = { final: amount === undefined || amount > 1, ...(amount && { amount }) };
  return update(way).executeUpdate(capture, { args: [wish] });
}

function strikes({ world, amount }: Walked, rule: FaultRule): Promise<void> {
  return world.fault({ ...rule, times: 1, match: { method: 'POST', amount } });
}

async function chargesOf({ world, opId }: Walked) {
  const answer = await fetch(`${world.providerUrl}/charges?reference=${opId}`);
  return ((await answer.json()) as { data: { id: string }[] }).data;
}

/** Waits for the event, which is written with what it tells of. */
async function happened({ world, opId }: Walked, type: string): Promise<void> {
  await eventually(async () => {
    const rows = await world.database.owner`
      select x.seq from ledger.outbox x join ledger.operation o on o.id = x.op
       where o.op_id = ${opId} and x.type = ${type}`;
    if (rows.length === 0) throw new Error(`${opId}: no ${type} yet`);
  });
}
