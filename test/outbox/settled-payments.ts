import type { OpId } from '../../src/domain/index.js';
import type { aWorld } from '../ledger/world.js';
import { captureOf } from '../support/envelopes.js';

/** Payments with three events each: held, in doubt, settled. */
export async function settledPayments(
  { world, aTenant }: ReturnType<typeof aWorld>,
  count: number,
): Promise<readonly OpId[]> {
  const tenant = aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 1_000 });
  return Promise.all(
    Array.from({ length: count }, async () => {
      const payment = await tenant.held({ account: 'alice', amount: 10 });
      await world.ledger.notePhase(payment.opId, 'doubt.1', 'in-doubt', {});
      await world.ledger.settle(payment.opId, captureOf(payment));
      return payment.opId;
    }),
  );
}
