import { expect } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import type { RunningWorld } from '../support/running-world.js';
import { payoutOf } from './a-ride.js';
import { type Case, conforms, declined, endsRefused, refused } from './conformance.js';

conforms({
  of: 'ride',
  name: 'a ride',
  steps: [
    ...(['requestRide', 'holdRide', 'authorize', 'notePhase', 'extendHold'] as const),
    ...(['beginCapture', 'capture', 'settle'] as const),
  ],
  refusals: {
    ...{ requestRide: refused, holdRide: refused, authorize: declined('authorize.1') },
    ...{ beginCapture: refused, capture: declined('capture.2') },
  },
  begin: aRide,
});

conforms({
  of: 'ride',
  name: 'a ride that is called off before a driver is found',
  steps: ['requestRide', 'endRide'],
  deaths: ['endRide'],
  refusals: { requestRide: refused },
  begin: aRideCalledOff,
});

const [estimate, fare] = [40_00, 35_00];

async function aRide(world: RunningWorld): Promise<Case> {
  const [rider, driver] = [await world.account(100_00), await world.account(0)];
  const destination = 'dest_driver';
  return {
    payload: { account: rider, amount: estimate, currency: 'EUR' },
    wishes: [
      (opId) => world.client.matchRide(opId, { driver, destination }),
      (opId) => world.client.completeRide(opId, fare),
    ],
    ended: async (opId, result) => {
      expect(result).toMatchObject({ kind: 'settled', minor: fare });
      // Of what was accepted about the hold, its extension by the booking was the first.
      expect(await world.effects(opId)).toEqual(['authorize.1', 'capture.2']);
      expect(await world.available(rider)).toBe(100_00 - fare);
      // The fare leaves in an operation of its own, begun once and cancelled by nobody.
      const payout = payoutOf(world, opId);
      expect(await world.client.result(payout)).toMatchObject({ kind: 'settled', minor: fare });
      expect(await world.effects(payout)).toEqual(['payout.1']);
      expect(await world.available(driver)).toBe(0);
    },
    cleanSlate: async (opId) => {
      expect([[], ['authorize.1', 'void.1']]).toContainEqual(await world.effects(opId));
      expect(await world.client.describe(payoutOf(world, opId))).toBeUndefined();
      expect([await world.available(rider), await world.available(driver)]).toEqual([100_00, 0]);
    },
  };
}

async function aRideCalledOff(world: RunningWorld): Promise<Case> {
  const rider = await world.account(100_00);
  const cleanSlate = async (opId: OpId) => {
    expect(await world.effects(opId)).toEqual([]);
    expect(await world.available(rider)).toBe(100_00);
  };
  return {
    payload: { account: rider, amount: estimate, currency: 'EUR' },
    wishes: [(opId) => world.client.cancelRide(opId, 'rider')],
    cleanSlate,
    ended: endsRefused('withdrawn', cleanSlate),
  };
}
