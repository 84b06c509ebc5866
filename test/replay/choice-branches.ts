import { nanoid } from 'nanoid';
import { createClient, type StartOptions } from '../../src/client/index.js';
import { commands, type OpId } from '../../src/domain/index.js';
import { around } from '../support/around.js';
import { eventually } from '../support/eventually.js';
import type { RunningWorld } from '../support/running-world.js';
import type { MoneyBranch } from './money-branches.js';

/** Every branch in which a payment or payout waits for what somebody chooses. */
export const choiceBranches: readonly MoneyBranch[] = [
  awaited('payment-approved', 'payment', (world, opId) => said(world, opId, 'approved')),
  awaited('payment-not-approved', 'payment', (world, opId) => said(world, opId, 'refused')),
  awaited('payment-approval-withdrawn', 'payment', ({ client }, opId) => client.withdraw(opId)),
  awaited('payment-approval-expired', 'payment', undefined, { timeBudget: 1_000 }),
  awaited('payout-approved', 'payout', (world, opId) => said(world, opId, 'approved')),
  { name: 'payment-method-chosen', walk: chosen },
];

function awaited(
  name: string,
  kind: 'payment' | 'payout',
  act?: (world: RunningWorld, opId: OpId) => Promise<unknown>,
  options: StartOptions = {},
): MoneyBranch {
  return {
    name,
    async walk(world) {
      const payload = {
        ...{ account: await world.account(30_00), amount: 30_00, currency: 'EUR' },
        ...(kind === 'payment'
          ? { capture: 'automatic', method: 'card' }
          : { destination: 'bank_1' }),
      };
      const command = { ...commands[kind], idemKey: nanoid(), payload };
      const { opId } = await world.client.start(command, { approvalAbove: 0, ...options });
      if (act !== undefined) {
        await reached(world, opId, 'awaiting-approval');
        await act(world, opId);
      }
      await world.client.result(opId);
      return opId;
    },
  };
}

async function said(world: RunningWorld, opId: OpId, verdict: 'approved' | 'refused') {
  const { tenant } = world;
  // As the owner of the schema, who may also speak for the people.
  const { owner } = world.database;
  await owner`select ledger.approve_v1(${tenant}, ${opId}, ${verdict}, 'bob', 'bob', 'x')`;
  await world.client.verify(opId);
}

async function chosen(world: RunningWorld): Promise<OpId> {
  const taskQueue = `queue-${nanoid(8)}`;
  const { temporal, tenant } = world;
  const client = createClient({ temporal, taskQueue, tenant });
  const away = { kind: 'retry', reason: 'breaker-open', attempt: 1, nextRetryAfterMs: 60_000 };
  await world.work({ taskQueue, ...around({ charge: () => Promise.resolve(away) }) });
  const plain = { currency: 'EUR', capture: 'automatic', method: 'card' };
  const payload = { account: await world.account(30_00), amount: 30_00, ...plain };
  const { opId } = await client.start({ ...commands.payment, idemKey: nanoid(), payload });
  await reached(world, opId, 'deferred');
  await client.chooseMethod(opId, 'balance', 'another-way');
  await client.result(opId);
  return opId;
}

async function reached({ reads, tenant }: RunningWorld, opId: OpId, phase: string): Promise<void> {
  await eventually(async () => {
    const row = await reads.operation(tenant, opId);
    if (row?.phase !== phase) throw new Error(`${opId} is not ${phase} yet`);
  });
}
