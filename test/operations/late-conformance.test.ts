import { expect } from 'vitest';
import { lateCommandOf } from '../../src/domain/index.js';
import type { RunningWorld } from '../support/running-world.js';
import { type Case, conforms, refused } from './conformance.js';

conforms({
  of: 'late',
  name: 'a late success that is refunded',
  steps: ['beginLate', 'writeAttempt', 'refund', 'endLate'],
  refusals: { beginLate: refused },
  begin: (world) => aLateSuccess(world, 'captured'),
});

conforms({
  of: 'late',
  name: 'a late success that is voided',
  steps: ['beginLate', 'writeAttempt', 'void', 'endLate'],
  refusals: { beginLate: refused },
  begin: (world) => aLateSuccess(world, 'authorized'),
});

const amount = 12_34;

/** The provider acted on a payment that had ended without it. */
async function aLateSuccess(world: RunningWorld, kind: 'captured' | 'authorized'): Promise<Case> {
  const account = await world.account(0);
  const payment = await world.pay({ account, amount });
  expect(await world.client.result(payment)).toMatchObject({ code: 'insufficient-funds' });
  const [first, back] = kind === 'captured' ? ['charge', 'refund'] : ['authorize', 'void'];
  const reference = `${payment}:${first}.1:1`;
  const answer = await fetch(`${world.providerUrl}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': reference },
    body: JSON.stringify({ reference, amount, currency: 'EUR', capture: kind === 'captured' }),
  });
  const { id: chargeId } = (await answer.json()) as { id: string };
  const evidence = { kind, reference, chargeId, minor: amount, currency: 'EUR' } as const;
  return {
    payload: lateCommandOf(payment, account, evidence)?.payload ?? {},
    cleanSlate: async (opId) => expect(await world.effects(opId)).toEqual([]),
    ended: async (opId, result) => {
      expect(result).toMatchObject({ kind: 'returned', returned: amount });
      expect(await world.effects(opId)).toEqual([`${back}.1`]);
      expect(await world.available(account)).toBe(0);
    },
  };
}
