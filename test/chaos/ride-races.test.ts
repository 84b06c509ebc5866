import { afterAll, beforeAll, expect, test } from 'vitest';
import { accepted, booked, payoutOf, tooLate } from '../operations/a-ride.js';
import { swept } from '../support/rounds.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { booksOf, chargesOf, hurried, scattered, takenBy } from './running-races.js';

const fee = 5_00;
let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld(hurried);
  await world.work();
});
afterAll(() => world.close());

test('ride-ends: it is paid once, or not at all', async (context) => {
  const asked = { books: booksOf(world), atOnce: 6 };
  const { violations } = await swept(context, 'ride-ends', asked, async (draw) => {
    const isSentOut = draw.one([true, false]);
    const ride = await booked(world, isSentOut ? { destination: 'dest_driver' } : {});
    const { rider, driver, amount, opId } = ride;
    const other = await world.account(0);
    const [charge] = await chargesOf(world, opId);
    const path = `/charges/${String(charge?.id)}/capture`;
    const fault = draw.one(['timeout-after', 'slow', undefined] as const);
    const delayMs = draw.whole(0, 200);
    const match = { method: 'POST', path } as const;
    if (fault !== undefined) await world.fault({ fault, times: 1, delayMs, match });

    const [changed, ...ends] = await scattered<{ kind: string }>(draw, 50, [
      () => world.client.matchRide(opId, { driver: other }),
      () => world.client.completeRide(opId, amount * 2),
      () => world.client.completeRide(opId, amount),
      () => world.client.cancelRide(opId, 'rider'),
      () => world.client.cancelRide(opId, 'driver'),
    ]);
    const taken = await takenBy(world, opId, 2);

    const winner = ends.findIndex(({ kind }) => kind === accepted.kind);
    expect(ends.filter((_, n) => n !== winner)).toEqual([tooLate, tooLate, tooLate]);
    // A fare beyond the hold is taken in two charges.
    expect(taken).toBe([amount * 2, amount, fee, 0][winner]);
    expect(changed).toEqual(tooLate);
    expect(await world.available(rider)).toBe(100_00 - taken);
    expect(await world.available(other)).toBe(0);
    if (isSentOut && taken > 0) await isSentOutAfter(ride.opId, taken);
    expect(await world.available(driver)).toBe(isSentOut ? 0 : taken);
  });

  expect(violations).toEqual([]);
  expect(await world.disagreeing()).toEqual([]);
});

/** The driver's money leaves, and not before the rider's was captured. */
async function isSentOutAfter(opId: Parameters<typeof payoutOf>[1], minor: number) {
  const payout = payoutOf(world, opId);
  expect(await world.client.result(payout)).toMatchObject({ kind: 'settled', minor });
  const rows = await world.database.owner<{ type: string }[]>`
    select x.type from ledger.outbox x join ledger.operation o on o.id = x.op
     where (o.op_id = ${opId} and x.type = 'ride.settled')
        or (o.op_id = ${payout} and x.type = 'hold.held')
     order by x.at`;
  expect(rows.map(({ type }) => type)).toEqual(['ride.settled', 'hold.held']);
}
