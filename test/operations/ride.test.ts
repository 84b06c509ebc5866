import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import {
  accepted,
  atProvider,
  booked,
  charge,
  events,
  firstCall,
  isBooked,
  matched,
  mostOf,
  ownAmount,
  payoutOf,
  requested,
  said,
  tooLate,
} from './a-ride.js';

describe('a ride', () => {
  let world: RunningWorld;
  beforeAll(async () => {
    world = await aRunningWorld({ requestTimeoutMs: 500, ladderMs: [50, 100, 200, 400, 800] });
    await world.work();
  });
  afterAll(() => world.close());

  test('holds nothing until a driver is found', async () => {
    const { rider, opId } = await requested(world);
    await eventually(async () => expect(await events(world, opId)).toEqual(['ride.requested']));

    expect(await world.available(rider)).toBe(100_00);
    expect(await world.client.completeRide(opId, 10_00)).toEqual(tooLate);
    expect(await world.client.cancelRide(opId, 'driver')).toEqual(tooLate);

    await world.client.cancelRide(opId, 'rider');
  });

  test('takes the fare of a booked ride for its driver', async () => {
    const { rider, driver, amount, opId } = await booked(world);
    const before = await world.available(rider);

    expect(await world.client.completeRide(opId, amount - 5_00)).toEqual(accepted);

    const fare = amount - 5_00;
    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: fare });
    expect(before).toBe(100_00 - amount);
    expect(await world.available(rider)).toBe(100_00 - fare);
    expect(await world.available(driver)).toBe(fare);
    expect(await events(world, opId)).toContain('hold.extended');
    expect(await world.disagreeing()).toEqual([]);
  });

  test('takes more than was held within the tolerance, in one charge', async () => {
    const { driver, amount, opId } = await booked(world);
    const most = mostOf(amount);

    expect(await world.client.completeRide(opId, most)).toEqual(accepted);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: most });
    expect(await atProvider(world, 'charges', opId)).toHaveLength(1);
    expect(await world.available(driver)).toBe(most);
  });

  test('keeps the driver who was found first, and the same one may be told again', async () => {
    const { driver, opId } = await requested(world);
    const other = await world.account(0);

    expect(await world.client.matchRide(opId, { driver })).toEqual(accepted);
    expect(await world.client.matchRide(opId, { driver })).toEqual(accepted);
    expect(await world.client.matchRide(opId, { driver: other })).toEqual(tooLate);

    await world.client.cancelRide(opId, 'driver');
    expect(await world.client.result(opId)).toMatchObject({ code: 'withdrawn' });
  });

  test('that is cancelled before a driver is found cannot be matched any more', async () => {
    const { rider, driver, opId } = await requested(world);

    expect(await world.client.cancelRide(opId, 'rider')).toEqual(accepted);

    expect(await world.client.matchRide(opId, { driver })).toEqual(tooLate);
    expect(await world.client.result(opId)).toMatchObject({
      code: 'withdrawn',
      message: 'cancelled by the rider',
    });
    expect(await world.available(rider)).toBe(100_00);
  });

  test('that its driver cancels costs nothing, and is let go at the provider', async () => {
    const { rider, driver, opId } = await booked(world);

    expect(await world.client.cancelRide(opId, 'driver')).toEqual(accepted);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'withdrawn' });
    expect(await charge(world, opId)).toMatchObject({ status: 'voided' });
    expect(await world.available(rider)).toBe(100_00);
    expect(await world.available(driver)).toBe(0);
    expect(await said(world, opId)).toBe('cancelled by the driver');
    expect(await world.client.completeRide(opId, 1)).toEqual(tooLate);
  });

  test('that its rider cancels once it is booked costs the fee, and no more', async () => {
    const { rider, driver, opId } = await booked(world);

    expect(await world.client.cancelRide(opId, 'rider')).toEqual(accepted);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: 5_00 });
    expect(await charge(world, opId)).toMatchObject({ capturedAmount: 5_00 });
    expect(await world.available(rider)).toBe(95_00);
    expect(await world.available(driver)).toBe(5_00);
    expect(await said(world, opId)).toBe('cancelled by the rider');
    expect(await world.disagreeing()).toEqual([]);
  });

  test('that its rider cancels is let go when the fee is declined', async () => {
    const { rider, opId } = await booked(world);
    const { id } = (await charge(world, opId)) ?? {};
    const match = { method: 'POST', path: `/charges/${String(id)}/capture` } as const;
    await world.fault({ fault: 'decline', times: 1, match });

    expect(await world.client.cancelRide(opId, 'rider')).toEqual(accepted);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'withdrawn' });
    expect(await charge(world, opId)).toMatchObject({ status: 'voided', capturedAmount: 0 });
    expect(await world.available(rider)).toBe(100_00);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('whose estimate is declined is over, with nothing held', async () => {
    const amount = ownAmount();
    await world.fault({ fault: 'decline', times: 1, match: firstCall(amount) });

    const { rider, opId } = await matched(world, amount);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'declined' });
    expect(await world.available(rider)).toBe(100_00);
  });

  test('whose rider cannot pay the estimate is refused when a driver is found', async () => {
    const { opId } = await matched(world, 100_01);

    expect(await world.client.result(opId)).toMatchObject({ code: 'insufficient-funds' });
    expect(await charge(world, opId)).toBeUndefined();
  });

  test.each(['timeout-after', 'error-after', 'reset-after', 'timeout-before'] as const)(
    'is authorised once when the answer meets %s',
    async (fault) => {
      const amount = ownAmount();
      await world.fault({ fault, times: 1, match: firstCall(amount) });
      const { opId } = await matched(world, amount);
      await isBooked(world, opId);

      await world.client.completeRide(opId, amount);

      expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
      expect(await atProvider(world, 'charges', opId)).toHaveLength(1);
    },
  );

  test('has one winner when rider and driver end it at the same moment', async () => {
    const rides = await Promise.all(Array.from({ length: 6 }, () => booked(world)));

    const rounds = rides.map(async ({ rider, amount, opId }, round) => {
      const wishes = [
        () => world.client.completeRide(opId, amount),
        () => world.client.cancelRide(opId, 'rider'),
        () => world.client.cancelRide(opId, 'driver'),
      ];
      const turned = [...wishes.slice(round % 3), ...wishes.slice(0, round % 3)];
      const answers = await Promise.all(turned.map((wish) => wish()));
      const result = await world.client.result(opId);
      const paid = result?.kind === 'settled' ? (result as unknown as { minor: number }).minor : 0;
      expect(answers.filter(({ kind }) => kind === 'accepted')).toHaveLength(1);
      expect([0, 5_00, amount]).toContain(paid);
      expect(await charge(world, opId)).toMatchObject({ capturedAmount: paid });
      expect(await world.available(rider)).toBe(100_00 - paid);
    });

    await Promise.all(rounds);
    expect(await world.disagreeing()).toEqual([]);
  });

  test('can be completed again when its fare was refused for want of money', async () => {
    const amount = ownAmount();
    const { rider, opId } = await matched(world, amount, { funds: amount });
    await isBooked(world, opId);

    expect(await world.client.completeRide(opId, amount + 1)).toEqual(accepted);
    await eventually(async () => expect(await events(world, opId)).toContain('capture.refused'));
    await eventually(async () =>
      expect(await world.client.completeRide(opId, amount)).toEqual(accepted),
    );

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
    expect(await world.available(rider)).toBe(0);
  });

  test('sends the fare out when the driver has a destination, once', async () => {
    const { driver, amount, opId } = await booked(world, { destination: 'dest_driver' });
    const payout = payoutOf(world, opId);

    await world.client.completeRide(opId, amount);

    expect(await world.client.result(opId)).toMatchObject({ minor: amount });
    expect(await world.client.result(payout)).toMatchObject({ kind: 'settled', minor: amount });
    expect(await world.available(driver)).toBe(0);
    expect(await world.client.describe(payout)).toMatchObject({ account: driver, bizKey: opId });
    expect(await atProvider(world, 'payouts', payout)).toHaveLength(1);
  });

  test('stays settled when its payout is in doubt or refused', async () => {
    const amount = ownAmount();
    const match = { method: 'POST', path: '/payouts', amount } as const;
    await world.fault({ fault: 'timeout-after', times: 1, match });
    const { driver, opId } = await matched(world, amount, { destination: 'dest_driver' });
    await isBooked(world, opId);

    await world.client.completeRide(opId, amount);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'settled' });
    const payout = payoutOf(world, opId);
    expect(await world.client.result(payout)).toMatchObject({ kind: 'settled' });
    expect(await atProvider(world, 'payouts', payout)).toHaveLength(1);
    expect(await world.available(driver)).toBe(0);
  });
});
