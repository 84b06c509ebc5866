import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client/index.js';
import { lateCommandOf, type OpId, type OutsideAnswer } from '../../src/domain/index.js';
import { aDyingWorker } from '../support/a-dying-worker.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { decided } from '../support/two-people.js';
import {
  accepted,
  atProvider,
  booked,
  charge,
  events,
  isBooked,
  isParked,
  matched,
  mostOf,
  ownAmount,
  payoutOf,
} from './a-ride.js';

const destination = 'dest_driver';
const rest = 20_00;
let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld({ requestTimeoutMs: 500, ladderMs: [50, 100, 200, 400, 800] });
  await world.work();
});
afterAll(() => world.close());

describe('a fare beyond the hold and its tolerance', () => {
  test('is captured as far as they go, and the rest is a second charge', async () => {
    const ride = await booked(world, { destination });

    expect(await completed(ride)).toEqual(accepted);

    await isPaidInTwo(ride);
    expect(await events(world, ride.opId)).toEqual([
      ...['ride.requested', 'hold.held', 'hold.authorized', 'hold.extended', 'hold.capturing'],
      ...['ride.captured', 'ride.attempted', 'ride.settled'],
    ]);
  });

  test.each(['timeout-after', 'error-after', 'reset-after', 'timeout-before'] as const)(
    'is charged once when the answer to the second charge meets %s',
    async (fault) => {
      const ride = await booked(world, { destination });
      await world.fault({ fault, times: 1, match: secondOf(ride.opId) });

      await completed(ride);

      await isPaidInTwo(ride);
      expect(await events(world, ride.opId)).toContain('ride.in-doubt');
    },
  );

  test.each(['beginCapture', 'capture', 'settle', 'writeAttempt', 'charge'] as const)(
    'is paid once when the worker is killed right after %s',
    async (step) => {
      const taskQueue = `queue-${nanoid(8)}`;
      const { temporal, tenant } = world;
      const client = createClient({ temporal, taskQueue, tenant, principal: 'tester' });
      const died = await aDyingWorker(world, taskQueue, step);
      const ride = await matched({ ...world, client }, ownAmount(), { destination });
      await isBooked(world, ride.opId);

      const told = completed(ride);
      expect(await died()).toBe('SIGKILL');
      await world.work({ taskQueue });

      expect(await told).toEqual(accepted);
      await isPaidInTwo(ride);
    },
  );

  test('that is declined ends with what was captured, and the driver is paid that', async () => {
    const ride = await booked(world, { destination });
    const { rider, amount, opId } = ride;
    await world.fault({ fault: 'decline', match: secondOf(opId) });

    await completed(ride);

    const most = mostOf(amount);
    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: most });
    expect(await world.client.result(payoutOf(world, opId))).toMatchObject({ minor: most });
    expect(await world.available(rider)).toBe(100_00 - most);
    expect((await events(world, opId)).slice(-2)).toEqual(['ride.underpaid', 'ride.settled']);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('that the rider does not have is refused before anything is taken', async () => {
    const amount = ownAmount();
    const ride = await matched(world, amount, { funds: mostOf(amount) + rest - 1 });
    const { opId } = ride;
    await isBooked(world, opId);

    await completed(ride);
    await eventually(async () => expect(await events(world, opId)).toContain('capture.refused'));

    expect(await charge(world, opId)).toMatchObject({ capturedAmount: 0 });
    await eventually(async () =>
      expect(await world.client.completeRide(opId, amount)).toEqual(accepted),
    );
    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
  });
});

describe('a ride in front of a person', () => {
  test('that two people settle pays the fare that was asked, and its driver', async () => {
    const { rider, driver, amount, opId } = await booked(world, { destination });
    const { id } = (await charge(world, opId)) ?? {};
    await world.fault({
      ...{ fault: 'timeout-after', times: 1 },
      match: { method: 'POST', path: `/charges/${String(id)}/capture` },
    });
    await isBlind(opId);
    await world.client.completeRide(opId, amount - 5_00);
    await isParked(world, opId);
    await world.heal();

    await decided(world, opId, 'settle', String(id));

    const fare = amount - 5_00;
    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: fare });
    expect(await world.client.result(payoutOf(world, opId))).toMatchObject({ minor: fare });
    expect(await world.available(rider)).toBe(100_00 - fare);
    expect(await world.available(driver)).toBe(0);
  });

  test.each(['settle', 'release'] as const)(
    'whose second charge two people %s pays its driver what was taken',
    async (action) => {
      const ride = await booked(world, { destination });
      const { rider, driver, amount, opId } = ride;
      await world.fault({ fault: 'timeout-after', times: 1, match: secondOf(opId) });
      await isBlind(opId);
      await completed(ride);
      await isParked(world, opId);
      await world.heal();
      const second = (await charges(opId)).find(({ amount: one }) => one === rest);

      await decided(world, opId, action, String(second?.['id']));

      const paid = mostOf(amount) + (action === 'settle' ? rest : 0);
      expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: paid });
      expect(await world.client.result(payoutOf(world, opId))).toMatchObject({ minor: paid });
      expect(await world.available(rider)).toBe(100_00 - paid);
      expect(await world.available(driver)).toBe(0);
      // What the provider tells of it afterwards: settled it is no news, released it goes back.
      const late = await tellLate(ride, {
        ...{ kind: 'captured', reference: `${opId}:charge.2:1`, chargeId: String(second?.['id']) },
        ...{ minor: rest, currency: 'EUR' },
      });
      expect(late).toMatchObject(
        action === 'settle' ? { code: 'already-known' } : { kind: 'returned', returned: rest },
      );
      expect(await world.disagreeing()).toEqual([]);
    },
  );
});

type Booked = Awaited<ReturnType<typeof booked>>;

const completed = ({ opId, amount }: Booked) =>
  world.client.completeRide(opId, mostOf(amount) + rest);

const secondOf = (opId: OpId) =>
  ({ method: 'POST', path: '/charges', referencePrefix: `${opId}:charge.2` }) as const;

const charges = (opId: OpId) => atProvider(world, 'charges', opId);

/** Nobody can see any more what became of the operation at the provider. */
const isBlind = (opId: OpId) =>
  world.fault({ fault: 'error-before', match: { method: 'GET', referencePrefix: opId } });

async function isPaidInTwo({ rider, driver, amount, opId }: Booked): Promise<void> {
  const most = mostOf(amount);
  const fare = most + rest;
  expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: fare });
  const taken = (await charges(opId)).map(({ capturedAmount }) => Number(capturedAmount));
  expect(taken.toSorted((one, other) => one - other)).toEqual([rest, most]);
  expect(await world.client.result(payoutOf(world, opId))).toMatchObject({ minor: fare });
  expect(await atProvider(world, 'payouts', payoutOf(world, opId))).toHaveLength(1);
  expect(await world.available(rider)).toBe(100_00 - fare);
  expect(await world.available(driver)).toBe(0);
  expect(await world.disagreeing()).toEqual([]);
}

async function tellLate({ rider, opId }: Booked, told: OutsideAnswer) {
  const command = lateCommandOf(opId, rider, told);
  if (command === undefined) throw new Error('nothing to give back');
  const { opId: late } = await world.client.start(command, { parentOpId: opId });
  return world.client.result(late);
}
