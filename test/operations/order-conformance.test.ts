import { expect } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import type { RunningWorld } from '../support/running-world.js';
import { type Case, conforms, declined, endsRefused, refused } from './conformance.js';
import { givenBack, paymentOf, refusing } from './several-steps.js';

type Failing = 'reserveStock' | 'ship';

conforms({
  of: 'order',
  name: 'an order',
  steps: [...(['acceptOrder', 'writeAttempt', 'reserveStock', 'ship', 'endOrder'] as const)],
  refusals: {
    acceptOrder: refused,
    reserveStock: declined('reserveStock.1'),
    ship: declined('ship.1'),
  },
  begin: (world) => anOrder(world),
});

conforms({
  of: 'order',
  name: 'an order that is out of stock',
  steps: [...(['acceptOrder', 'writeAttempt', 'reserveStock', 'turnOrder'] as const), 'endOrder'],
  deaths: ['reserveStock', 'turnOrder', 'endOrder'],
  refusals: {},
  begin: (world) => anOrder(world, 'reserveStock', 'out-of-stock'),
});

conforms({
  of: 'order',
  name: 'an order that cannot be shipped',
  steps: [
    ...(['acceptOrder', 'writeAttempt', 'reserveStock', 'ship', 'turnOrder'] as const),
    ...(['releaseStock', 'endOrder'] as const),
  ],
  deaths: ['ship', 'turnOrder', 'releaseStock', 'endOrder'],
  refusals: {},
  begin: (world) => anOrder(world, 'ship', 'provider-refused'),
});

async function anOrder(world: RunningWorld, fails?: Failing, code = ''): Promise<Case> {
  const account = await world.account(100_00);
  const amount = fails === undefined ? 45_00 : await refusing(world, fails);
  const items = [{ sku: 'mug', quantity: 2 }];
  const cleanSlate = (opId: OpId) => givenBack(world, opId, account, 100_00);
  return {
    payload: { account, amount, currency: 'EUR', items },
    cleanSlate,
    ended: async (opId, result) => {
      if (fails !== undefined) return endsRefused(code, cleanSlate)(opId, result);
      expect(result).toMatchObject({ kind: 'fulfilled' });
      expect(await world.effects(opId)).toEqual(['reserveStock.1', 'ship.1']);
      expect(await world.effects(paymentOf(world, opId))).toEqual(['charge.1']);
      expect(await world.available(account)).toBe(100_00 - amount);
    },
  };
}
