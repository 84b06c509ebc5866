import { nanoid } from 'nanoid';
import { commands, type OpId } from '../../src/domain/index.js';
import type { FaultRule } from '../../src/providers/sandbox/index.js';
import { createClient } from '../../src/client/index.js';
import { aSweep } from '../support/a-sweep.js';
import { type Around, around, type StepName } from '../support/around.js';
import type { RunningWorld } from '../support/running-world.js';
import { choiceBranches } from './choice-branches.js';
import { moneyBranches } from './money-branches.js';
import { noticeBranches } from './notice-branches.js';
import { resumedBranches } from './resumed-branches.js';
import { reached } from './reached.js';
import { rideBranches } from './ride-branches.js';
import { uploadBranches } from './upload-branches.js';
import { orderBranches } from './order-branches.js';
// new operations go above this line

/** One way through a workflow, walked on request so that its history can be recorded. */
export interface Branch {
  readonly name: string;
  /** Walks it and gives the operation whose history it is. */
  walk(world: RunningWorld): Promise<OpId>;
}

/** Every branch of every workflow: what replays here, replays for whoever is open at a deploy. */
export const branches: readonly Branch[] = [
  payment('payment-settled', {}, 'settled'),
  payment('payment-declined', { faults: [{ fault: 'decline' }] }, 'declined'),
  payment('payment-insufficient-funds', { funds: 0 }, 'insufficient-funds'),
  payment('payment-found-captured', { faults: [{ fault: 'timeout-after' }] }, 'settled'),
  payment('payment-charged-again', { faults: [{ fault: 'timeout-before' }] }, 'settled'),
  // The gate look-after-repeat: the history above is older than it.
  payment('payment-charged-again-and-seen', { faults: [{ fault: 'timeout-before' }] }, 'settled'),
  payment(
    'payment-charged-again-declined',
    { faults: [{ fault: 'decline' }, { fault: 'error-before' }] },
    'declined',
  ),
  payment('payment-pending', { faults: [{ fault: 'pending', delayMs: 100 }] }, 'settled'),
  payment('payment-rate-limited', { faults: [{ fault: 'rate-limit' }] }, 'settled'),
  payment('payment-contradicted', { faults: [{ fault: 'wrong-amount' }] }, 'parked'),
  payment('payment-parked', { always: [{ fault: 'error-before' }] }, 'parked'),
  payment('payment-parked-then-settled', { always: [{ fault: 'error-after' }] }, 'verified'),
  payment('payment-parked-then-released', { always: [{ fault: 'error-before' }] }, 'release'),
  payment('payment-parked-then-settled-by-hand', { always: [{ fault: 'error-after' }] }, 'settle'),
  payment('payment-transfer', { transfer: true }, 'settled'),
  payment('payment-withdrawn', { first: 'withdraw' }, 'withdrawn'),
  payment('payment-transfer-withdrawn', { first: 'withdraw', transfer: true }, 'withdrawn'),
  payment('payment-withdrawn-too-late', { withdrawAtCharge: true }, 'settled'),
  payment('payment-cancelled', { first: 'cancel' }, 'withdrawn'),
  payment('payment-refused-by-provider', { crooked: { charge: refused } }, 'provider-refused'),
  payment('payment-held-before', { crooked: { hold: twice } }, 'settled'),
  payment('payment-ledger-slow', { crooked: { settle: failing(4) } }, 'settled'),
  payment('payment-ledger-fault', { crooked: { settle: broken } }, 'parked'),
  payment('payment-evidence-refused', { crooked: { settle: conflict } }, 'parked'),
  payment('payment-deferred', { crooked: { charge: asleep(2) } }, 'settled'),
  payment(
    'payment-lapsed-while-deferred',
    { holdsForMs: 2_000, crooked: { authorize: asleep(Infinity) } },
    'hold-expired',
  ),
  ...rideBranches,
  ...noticeBranches,
  accountBranch('account-opened', 'accountOpen', 'opened'),
  accountBranch('account-taken', 'accountOpen', 'account-exists'),
  accountBranch('account-funded', 'funding', 'funded'),
  accountBranch('account-edited', 'accountEdit', 'edited'),
  accountBranch('account-stale', 'accountEdit', 'stale-version'),
  { name: 'ledger-verified', walk: aLookAtAll },
  ...moneyBranches,
  ...choiceBranches,
  ...resumedBranches,
  ...uploadBranches,
  ...orderBranches,
  // new operations go above this line
];

interface Course {
  readonly funds?: number;
  readonly transfer?: boolean;
  /** Each strikes once, the last one first. */
  readonly faults?: readonly FaultRule[];
  readonly always?: readonly FaultRule[];
  /** What is asked of it before any worker is there. */
  readonly first?: 'withdraw' | 'cancel';
  readonly withdrawAtCharge?: true;
  /** Captured by hand, from a hold that ends by itself. */
  readonly holdsForMs?: number;
  readonly crooked?: Partial<Record<StepName, Around>>;
}

let amounts = 10_00;

function payment(name: string, course: Course, end: string): Branch {
  return {
    name,
    async walk(world) {
      amounts += 1;
      const amount = amounts;
      const match = { method: 'POST', amount } as const;
      for (const rule of course.faults ?? []) await world.fault({ ...rule, match, times: 1 });
      for (const rule of course.always ?? []) {
        await world.fault({ ...rule, match });
        await world.fault({ fault: 'error-before', match: { method: 'GET', path: '/charges' } });
      }
      const account = await world.account(course.funds ?? 100_00);
      const payTo = course.transfer === true ? { payTo: await world.account(0) } : {};
      const method = course.transfer === true ? 'balance' : 'card';
      const { holdsForMs } = course;
      const taken =
        holdsForMs === undefined
          ? { capture: 'automatic' }
          : { capture: 'manual', holdExpiresAt: Date.now() + holdsForMs };
      const payload = { account, amount, currency: 'EUR', method, ...taken, ...payTo };
      const taskQueue = `queue-${nanoid(8)}`;
      const command = { ...commands.payment, idemKey: nanoid(), payload };
      const { temporal, tenant } = world;
      const client = createClient({ temporal, taskQueue, tenant });
      const { opId } = await client.start(command);
      if (course.first === 'cancel') await temporal.workflow.getHandle(opId).cancel();
      // Answered by the worker that is not there yet.
      const answer = course.first === 'withdraw' ? client.withdraw(opId) : undefined;
      await world.work({ taskQueue, ...around(steps(world, course)) });
      await answer;
      await reached(world, opId, end);
      return opId;
    },
  };
}

/** More than one part: what is looked at next is beyond what the first one reaches. */
async function aLookAtAll(world: RunningWorld): Promise<OpId> {
  const workflowId = `verify-${nanoid()}`;
  await world.database.owner`alter sequence ledger.operation_id_seq restart with 300000`;
  await world.account(1);
  const taskQueue = `queue-${nanoid(8)}`;
  await world.work({ taskQueue, sweep: aSweep(world, []) });
  await world.temporal.workflow.execute('verifyLedger', { taskQueue, workflowId, args: [] });
  return workflowId as OpId;
}

/** A provider that is not asked for so many times. */
function asleep(times: number): Around {
  let left = times;
  return (call) => {
    left -= 1;
    const retry = { kind: 'retry', reason: 'breaker-open', attempt: 1, nextRetryAfterMs: 300 };
    return left < 0 ? call() : Promise.resolve(retry);
  };
}

function steps(world: RunningWorld, course: Course): Partial<Record<StepName, Around>> {
  const withdrawing: Around = async (call, opId) => {
    await world.client.withdraw(opId);
    return call();
  };
  return { ...course.crooked, ...(course.withdrawAtCharge && { charge: withdrawing }) };
}

function accountBranch(
  name: string,
  kind: 'accountOpen' | 'funding' | 'accountEdit',
  end: string,
): Branch {
  return {
    name,
    async walk(world) {
      const account = await world.account(10_00);
      const fresh = end === 'opened' ? `${account}-new` : account;
      const version = end === 'edited' ? 2 : 1;
      const payloads = {
        accountOpen: {
          ...{ account: fresh, currency: 'EUR', kind: 'customer', overdraftLimit: 0, slots: 1 },
        },
        funding: { account, amount: 1_00, currency: 'EUR' },
        accountEdit: { account, version, status: 'frozen' },
      };
      const command = { ...commands[kind], idemKey: nanoid(), payload: payloads[kind] };
      const { opId } = await world.client.start(command);
      await reached(world, opId, end);
      return opId;
    },
  };
}

function refused() {
  const refusal = { kind: 'fail', code: 'provider-refused', message: 'refused' };
  return Promise.resolve(refusal);
}

async function twice(call: () => Promise<unknown>) {
  await call();
  return call();
}

/** As a database that is away for so many calls, and then there. */
function failing(times: number): Around {
  let left = times;
  return (call) => {
    left -= 1;
    return left < 0 ? call() : Promise.reject(Object.assign(new Error(), { code: '57P03' }));
  };
}

function broken() {
  return Promise.reject(new TypeError('a bug of ours'));
}

function conflict() {
  return Promise.resolve({ kind: 'conflict', reason: 'evidence-mismatch' });
}
