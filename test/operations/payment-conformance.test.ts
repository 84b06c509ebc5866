import { nanoid } from 'nanoid';
import { expect } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import type { RunningWorld } from '../support/running-world.js';
import { type Case, conforms, declined, endsRefused, refused } from './conformance.js';

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

const holdRefusals = {
  ...{ hold: refused, authorize: declined('authorize.1') },
  ...{ beginCapture: refused, capture: declined('capture.1') },
};

conforms({
  of: 'payment',
  name: 'a hold that is captured',
  steps: ['hold', 'authorize', 'notePhase', 'beginCapture', 'capture', 'settle'],
  refusals: holdRefusals,
  begin: (world) => aHold(world, 'manual', [25_00]),
});

conforms({
  of: 'payment',
  name: 'a hold that is captured twice, and whose rest is let go',
  steps: [
    ...(['hold', 'authorize', 'notePhase', 'beginCapture', 'capture', 'settle'] as const),
    ...(['writeAttempt', 'void', 'release'] as const),
  ],
  refusals: holdRefusals,
  deaths: ['settle', 'writeAttempt', 'void', 'release'],
  begin: (world) => aHold(world, 'multiple', [10_00, 5_00]),
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
  const payload = {
    ...{ account, amount: asked, currency: 'EUR', capture: 'automatic', method: 'card' },
  };
  if (end === 'declined') return { payload, cleanSlate, ended: endsRefused(end, cleanSlate) };
  return {
    payload,
    cleanSlate,
    ended: async (opId, result) => {
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

async function aHold(
  world: RunningWorld,
  capture: 'manual' | 'multiple',
  parts: readonly number[],
): Promise<Case> {
  const account = await world.account(100_00);
  const takes = parts.map((part) => {
    // The same wish while its answer is lost; another one once it was refused.
    let key = nanoid();
    return async (opId: OpId) => {
      const answer = await world.client.capture(opId, { amount: part }, key);
      if (answer.kind !== 'accepted') key = nanoid();
      return answer;
    };
  });
  const letGo = (opId: OpId) => world.client.withdraw(opId);
  return {
    payload: { account, amount: 40_00, currency: 'EUR', capture, method: 'card' },
    wishes: capture === 'multiple' ? [...takes, letGo] : takes,
    ended: async (opId, result, cancelled) => {
      const effects = await world.effects(opId);
      const captures = effects.filter((step) => step.startsWith('capture.'));
      const taken = cancelled ? parts.slice(0, captures.length) : parts;
      const minor = taken.reduce((sum, part) => sum + part, 0);
      expect(result).toMatchObject({ kind: 'settled', minor });
      expect(effects).toEqual([
        ...['authorize.1', ...taken.map((_, index) => `capture.${index + 1}`)],
        ...(capture === 'multiple' ? ['void.1'] : []),
      ]);
      expect(await world.available(account)).toBe(100_00 - minor);
    },
    cleanSlate: async (opId) => {
      expect(await world.available(account)).toBe(100_00);
      expect([[], ['authorize.1', 'void.1']]).toContainEqual(await world.effects(opId));
    },
  };
}
