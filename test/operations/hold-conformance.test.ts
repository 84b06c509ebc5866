import { nanoid } from 'nanoid';
import { expect } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import type { RunningWorld } from '../support/running-world.js';
import { type Case, conforms, declined, refused } from './conformance.js';

const refusals = {
  ...{ hold: refused, authorize: declined('authorize.1') },
  ...{ beginCapture: refused, capture: declined('capture.1') },
};

conforms({
  of: 'payment',
  name: 'a hold that is captured',
  steps: ['hold', 'authorize', 'notePhase', 'beginCapture', 'capture', 'settle'],
  refusals,
  begin: (world) => aHold(world, 'manual', [25_00]),
});

conforms({
  of: 'payment',
  name: 'a hold that is captured twice, and whose rest is let go',
  steps: [
    ...(['hold', 'authorize', 'notePhase', 'beginCapture', 'capture', 'settle'] as const),
    ...(['writeAttempt', 'void', 'release'] as const),
  ],
  refusals,
  begin: (world) => aHold(world, 'multiple', [10_00, 5_00]),
});

async function aHold(
  world: RunningWorld,
  capture: 'manual' | 'multiple',
  parts: readonly number[],
): Promise<Case> {
  const account = await world.account(100_00);
  const takes = parts.map((amount) => {
    return (opId: OpId) => world.client.capture(opId, { amount }, nanoid());
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
