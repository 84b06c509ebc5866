import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bookingMsMax, matchMsMax, type OpId } from '../../src/domain/index.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { booked, charge, firstCall, matched, ownAmount, requested, tooLate } from './a-ride.js';

describe('the time of a ride', () => {
  let world: RunningWorld;
  beforeAll(async () => {
    world = await aRunningWorld({ timeSkipping: true, requestTimeoutMs: 300 });
    await world.work();
  });
  afterAll(() => world.close());

  test('ends without a driver after five minutes, and nothing was ever held', async () => {
    const { rider, driver, opId } = await requested(world);

    expect(await world.client.result(opId)).toMatchObject({ kind: 'fail', code: 'no-driver' });

    expect(await lasted(world, opId)).toBeGreaterThanOrEqual(matchMsMax);
    expect(await lasted(world, opId)).toBeLessThan(matchMsMax + 60_000);
    expect(await world.client.matchRide(opId, { driver })).toEqual(tooLate);
    expect(await world.available(rider)).toBe(100_00);
  });

  test('gives back what certainly was not authorised within thirty seconds', async () => {
    const amount = ownAmount();
    await world.fault({ fault: 'rate-limit', retryAfterMs: 5_000, match: firstCall(amount) });

    const { rider, opId } = await matched(world, amount);

    expect(await world.client.result(opId)).toMatchObject({ code: 'time-budget-exceeded' });
    expect(await lasted(world, opId)).toBeLessThan(60_000);
    expect(await world.available(rider)).toBe(100_00);
  });

  test('lets go of what was found authorised only after ten minutes', async () => {
    const amount = ownAmount();
    await world.fault({ fault: 'timeout-after', times: 1, match: firstCall(amount) });
    await world.fault({
      fault: 'error-before',
      times: 9,
      match: { method: 'GET', path: '/charges' },
    });

    const { rider, opId } = await matched(world, amount);

    expect(await world.client.result(opId)).toMatchObject({ code: 'time-budget-exceeded' });
    expect(await lasted(world, opId)).toBeGreaterThan(bookingMsMax);
    expect(await charge(world, opId)).toMatchObject({ status: 'voided' });
    expect(await world.available(rider)).toBe(100_00);
    await world.heal();
  });

  test('ends a booked ride that nobody completes, at the provider first', async () => {
    const { rider, opId } = await booked(world);

    expect(await world.client.result(opId)).toMatchObject({ code: 'hold-expired' });

    expect(await charge(world, opId)).toMatchObject({ status: 'voided' });
    expect(await world.available(rider)).toBe(100_00);
  });
});

/** How long the operation took, by Temporal's clock. */
async function lasted(world: RunningWorld, opId: OpId): Promise<number> {
  const { startTime, closeTime } = await world.temporal.workflow.getHandle(opId).describe();
  return (closeTime?.getTime() ?? Number.NaN) - startTime.getTime();
}
