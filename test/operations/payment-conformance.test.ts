import { expect } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import type { RunningWorld } from '../support/running-world.js';
import { type Case, conforms, declined, refused } from './conformance.js';

conforms({
  of: 'payment',
  name: 'a payment that settles',
  steps: ['hold', 'charge', 'settle'],
  refusals: { hold: refused, charge: declined('charge.1') },
  begin: (world) => aPayment(world, 'settled'),
});

conforms({
  of: 'payment',
  name: 'a payment that is declined',
  steps: ['hold', 'charge', 'release'],
  refusals: { hold: refused },
  begin: (world) => aPayment(world, 'declined'),
});

conforms({
  of: 'payment',
  name: 'a transfer',
  steps: ['hold', 'settle'],
  refusals: { hold: refused },
  begin: aTransfer,
});

const amount = 30_00;

async function aPayment(world: RunningWorld, end: 'settled' | 'declined'): Promise<Case> {
  const account = await world.account(100_00);
  // A currency of minor units says nothing to the provider; its own amount says: decline.
  const asked = end === 'declined' ? 31_00 : amount;
  if (end === 'declined') {
    await world.fault({ fault: 'decline', match: { method: 'POST', amount: asked } });
  }
  const cleanSlate = async (opId: OpId) => {
    expect(await world.available(account)).toBe(100_00);
    expect(await world.effects(opId)).toEqual([]);
  };
  return {
    payload: { account, amount: asked, currency: 'EUR', capture: 'automatic', method: 'card' },
    cleanSlate,
    ended: async (opId, result) => {
      if (end === 'declined') {
        expect(result).toMatchObject({ kind: 'fail', code: 'declined' });
        return cleanSlate(opId);
      }
      expect(result).toMatchObject({ kind: 'settled', minor: amount });
      expect(await world.effects(opId)).toEqual(['charge.1']);
      expect(await world.available(account)).toBe(100_00 - amount);
    },
  };
}

async function aTransfer(world: RunningWorld): Promise<Case> {
  const [account, payTo] = [await world.account(100_00), await world.account(0)];
  const balances = async () => [await world.available(account), await world.available(payTo)];
  return {
    payload: { account, payTo, amount, currency: 'EUR', capture: 'automatic', method: 'balance' },
    cleanSlate: async () => expect(await balances()).toEqual([100_00, 0]),
    ended: async (opId, result) => {
      expect(result).toMatchObject({ kind: 'settled', minor: amount });
      expect(await balances()).toEqual([70_00, 30_00]);
      expect(await world.effects(opId)).toEqual([]);
    },
  };
}
