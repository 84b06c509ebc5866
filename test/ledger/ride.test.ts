import { describe, expect, test } from 'vitest';
import { accountIdOf, referenceOf } from '../../src/domain/index.js';
import { aWorld } from './world.js';

const here = aWorld();
const match = { driver: accountIdOf('bob') };

async function aRide(funds = 100) {
  const tenant = here.aTenant();
  await tenant.open('alice', { funds });
  await tenant.open('bob');
  return { tenant, ride: tenant.ride({ account: 'alice', amount: 60 }) };
}

describe('a ride', () => {
  test('is a row that holds nothing until there is a driver', async () => {
    const { tenant, ride } = await aRide();

    const requested = await here.world.ledger.requestRide(ride);

    expect(requested).toEqual({ kind: 'requested', opId: ride.opId });
    expect(await tenant.balance('alice')).toEqual({ posted: 100, held: 0, available: 100 });
    const row = await here.world.reads.operation(tenant.tenant, ride.opId);
    expect(row).toMatchObject({ state: 'IN_PROGRESS', phase: null });
    expect(await tenant.violations()).toEqual([]);
  });

  test('holds the estimate once, for the driver, until the booking must be whole', async () => {
    const { tenant, ride } = await aRide();
    const { ledger } = here.world;
    await ledger.requestRide(ride);

    const held = await ledger.holdRide(ride, { ...match, destination: 'bank_1' }, 'run-1');
    const again = await ledger.holdRide(ride, { driver: accountIdOf('carol') }, 'run-2');

    expect(held).toMatchObject({
      ...{ kind: 'held', account: 'alice', payee: 'bob', minor: 60, destination: 'bank_1' },
      reference: referenceOf(ride.opId, 'authorize.1', 1),
      expiresAt: ride.acceptedAt + ride.timeBudgetMs,
    });
    expect(again).toEqual({ ...held, replayed: true });
    expect(await tenant.balance('alice')).toEqual({ posted: 100, held: 60, available: 40 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('tells another run of the match that was held', async () => {
    const { ride } = await aRide();
    const { ledger } = here.world;
    await ledger.requestRide(ride);
    await ledger.holdRide(ride, { ...match, destination: 'bank_1' });

    expect(await ledger.requestRide(ride)).toMatchObject({
      ...{ kind: 'requested', replayed: true },
      match: { driver: 'bob', destination: 'bank_1' },
    });
  });

  test('ends with nothing held, once, and answers with its end for ever', async () => {
    const { tenant, ride } = await aRide();
    const { ledger } = here.world;
    await ledger.requestRide(ride);

    const ended = await ledger.endRide(ride.opId, 'no-driver', 'nobody');
    const late = await ledger.holdRide(ride, match);

    expect(ended).toEqual({ kind: 'fail', code: 'no-driver', message: 'nobody' });
    expect(await ledger.endRide(ride.opId, 'withdrawn', '')).toMatchObject({ code: 'no-driver' });
    expect(await ledger.requestRide(ride)).toMatchObject({ kind: 'fail', code: 'no-driver' });
    expect(late).toMatchObject({ kind: 'fail', code: 'no-driver' });
    expect(await tenant.balance('alice')).toEqual({ posted: 100, held: 0, available: 100 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('of which money is held is not ended as if nothing were', async () => {
    const { tenant, ride } = await aRide();
    const { ledger } = here.world;
    await ledger.requestRide(ride);
    await ledger.holdRide(ride, match);
    const before = await tenant.everything();

    expect(await ledger.endRide(ride.opId, 'no-driver', 'nobody')).toEqual({
      ...{ kind: 'conflict', reason: 'hold-exists' },
    });

    expect(await tenant.everything()).toBe(before);
  });

  test.each([
    ['account-unknown', 'nobody', {}],
    ['account-closed', 'shut', { status: 'closed' }],
    ['account-frozen', 'stiff', { status: 'frozen' }],
    ['currency-mismatch', 'abroad', { currency: 'USD' }],
  ] as const)('is refused as %s before anybody looks for a driver', async (code, name, given) => {
    const tenant = here.aTenant();
    if (code !== 'account-unknown') await tenant.open(name, given);

    const refused = await here.world.ledger.requestRide(tenant.ride({ account: name, amount: 1 }));

    expect(refused).toMatchObject({ kind: 'fail', code });
  });

  test('whose estimate its rider does not have is refused, and over', async () => {
    const { tenant, ride } = await aRide(59);
    const { ledger } = here.world;
    await ledger.requestRide(ride);

    expect(await ledger.holdRide(ride, match)).toMatchObject({ code: 'insufficient-funds' });

    const row = await here.world.reads.operation(tenant.tenant, ride.opId);
    expect(row).toMatchObject({ state: 'FAILED' });
  });
});
