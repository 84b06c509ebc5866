import { describe, expect, test } from 'vitest';
import type { PaymentMethod } from '../../src/domain/index.js';
import { captureOf } from '../support/envelopes.js';
import { aWorld } from './world.js';

const here = aWorld();

async function held(more: { capture?: 'manual' } = {}) {
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 100 });
  const envelope = await tenant.held({ account: 'alice', amount: 30, ...more });
  return { tenant, envelope, opId: envelope.opId };
}

describe('choosing the balance', () => {
  test('lets the ledger alone prove the move, and no charge any more', async () => {
    const { tenant, envelope, opId } = await held();
    const { ledger } = here.world;

    expect(await ledger.chooseMethod(opId, 'balance')).toMatchObject({ method: 'balance' });

    expect(await ledger.hold(envelope, 'another run')).toMatchObject({ method: 'balance' });
    expect(await ledger.settle(opId, captureOf(envelope))).toMatchObject({ kind: 'conflict' });
    expect(await ledger.settle(opId, { kind: 'internal' })).toMatchObject({ kind: 'settled' });
    expect(await tenant.balance('alice')).toEqual({ posted: 70, held: 0, available: 70 });
    expect(await tenant.violations()).toEqual([]);
  });

  test.each<[string, { capture?: 'manual' }, PaymentMethod]>([
    ['a hold for later', { capture: 'manual' }, 'balance'],
    ['a method that it is not', {}, 'card'],
  ])('is not for %s, and changes nothing', async (_, more, method) => {
    const { tenant, opId } = await held(more);
    const before = await tenant.everything();

    const chosen = await here.world.ledger.chooseMethod(opId, method);

    expect(chosen).toEqual({ kind: 'conflict', reason: 'method-settled' });
    expect(await tenant.everything()).toBe(before);
  });

  test('or a capture wins, when both come at once', async () => {
    for (let round = 1; round <= 20; round += 1) {
      const { tenant, envelope, opId } = await held();
      const { ledger } = here.world;

      const both = await Promise.all([
        ledger.chooseMethod(opId, 'balance'),
        ledger.settle(opId, captureOf(envelope)),
      ]);

      expect(both.filter(({ kind }) => kind !== 'conflict')).toHaveLength(1);
      expect(await tenant.violations()).toEqual([]);
    }
  });
});
