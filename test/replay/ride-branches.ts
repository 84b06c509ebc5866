import { nanoid } from 'nanoid';
import { createWatch } from '../../src/client/index.js';
import { commands, type OpId } from '../../src/domain/index.js';
import { createOpenOperations } from '../../src/ledger/index.js';
import { charge, firstCall, isBooked } from '../operations/a-ride.js';
import { eventually } from '../support/eventually.js';
import type { RunningWorld } from '../support/running-world.js';
import type { MoneyBranch } from './money-branches.js';
import { reached } from './reached.js';

/** Every branch of a ride. Its capture, doubts and payout are those of every operation. */
export const rideBranches: readonly MoneyBranch[] = [
  ride('ride-completed', 'settled', ({ client }, opId) => client.completeRide(opId, 15_00)),
  ride('ride-cancelled', 'withdrawn', ({ client }, opId) => client.cancelRide(opId, 'driver')),
  ride('ride-cancelled-for-a-fee', 'settled', ({ client }, opId) =>
    client.cancelRide(opId, 'rider'),
  ),
  // The gate charge-the-rest: this history is older than it, and its first fare was refused.
  ride('ride-completed-after-a-refusal', 'settled', async ({ client }, opId) => {
    await client.completeRide(opId, 30_00);
    await client.completeRide(opId, 15_00);
  }),
  ride('ride-completed-in-two-charges', 'settled', ({ client }, opId) =>
    client.completeRide(opId, 30_00),
  ),
  ride('ride-underpaid', 'settled', async (world, opId) => {
    await world.fault({ fault: 'decline', match: { referencePrefix: `${opId}:charge.2` } });
    await world.client.completeRide(opId, 30_00);
  }),
  ride('ride-settled-by-hand', 'settle', async (world, opId) => {
    const path = `/charges/${String((await charge(world, opId))?.['id'])}/capture`;
    await world.fault({ fault: 'timeout-after', times: 1, match: { method: 'POST', path } });
    await world.fault({ fault: 'error-before', match: { method: 'GET', referencePrefix: opId } });
    await world.client.completeRide(opId, 15_00);
  }),
  { name: 'ride-run-again', walk: runAgain },
  // The gate count-from-the-hold: this history is older than it, and ended as over.
  { name: 'ride-run-again-too-late', walk: runAgain },
];

/** A ride that is booked, and then told how it ends. */
function ride(
  name: string,
  end: string,
  tell: (world: RunningWorld, opId: OpId) => Promise<unknown>,
): MoneyBranch {
  return {
    name,
    async walk(world) {
      const opId = await matched(world, 20_00);
      await isBooked(world, opId);
      await tell(world, opId);
      await reached(world, opId, end);
      return opId;
    },
  };
}

async function runAgain(world: RunningWorld): Promise<OpId> {
  const amount = 20_07;
  await world.fault({ fault: 'timeout-before', times: 1, match: firstCall(amount) });
  const opId = await matched(world, amount);
  const row = await eventually(async () => {
    const rows = await createOpenOperations(world.database.database).page(0, 200, 0);
    const found = rows.find(({ envelope, phase }) => envelope.opId === opId && phase !== null);
    if (found === undefined) throw new Error(`${opId} holds nothing yet`);
    return found;
  });
  await world.temporal.workflow.getHandle(opId).terminate('by hand');
  await createWatch(world.temporal, world.taskQueue).restart(row.envelope);
  await isBooked(world, opId);
  await world.client.completeRide(opId, amount);
  await reached(world, opId, 'settled');
  return opId;
}

async function matched({ client, ...world }: RunningWorld, amount: number): Promise<OpId> {
  const [account, driver] = [await world.account(100_00), await world.account(0)];
  const payload = { account, amount, currency: 'EUR' };
  const { opId } = await client.start({ ...commands.ride, idemKey: nanoid(), payload });
  await client.matchRide(opId, { driver, destination: 'dest_driver' });
  return opId;
}
