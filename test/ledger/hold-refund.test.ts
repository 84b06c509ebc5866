import { describe, expect, test } from 'vitest';
import {
  type Envelope,
  type OpId,
  type RefundCommand,
  referenceOf,
} from '../../src/domain/index.js';
import { captureOf } from '../support/envelopes.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();
const move = { step: 'refund', final: true };

async function aSettledPayment(tenant: Tenant, method: 'card' | 'balance' = 'card'): Promise<OpId> {
  await tenant.open('alice', { funds: 100 });
  await tenant.open('shop', { kind: 'merchant' });
  const envelope = await tenant.held({ account: 'alice', amount: 100, payTo: 'shop', method });
  const proof = method === 'card' ? captureOf(envelope) : { kind: 'internal' as const };
  await here.world.ledger.settle(envelope.opId, proof);
  return envelope.opId;
}

function refunded({ opId }: Envelope<RefundCommand>, minor: number) {
  const reference = referenceOf(opId, 'refund.1', 1);
  return { kind: 'refunded', reference, chargeId: 'ch_1', minor, currency: 'EUR' } as const;
}

describe('a refund', () => {
  test('takes captured money back from who received it, part by part', async () => {
    const { ledger, reads } = here.world;
    const tenant = here.aTenant();
    const payment = await aSettledPayment(tenant);
    const part = tenant.refund({ payment, amount: 30 });
    const rest = tenant.refund({ payment });

    const held = await ledger.holdRefund(part);
    const between = await tenant.balance('shop');
    const ended = await ledger.settle(part.opId, refunded(part, 30), move);
    await ledger.holdRefund(rest);
    await ledger.settle(rest.opId, refunded(rest, 70), move);

    expect(held).toMatchObject({
      account: 'shop',
      payee: 'alice',
      minor: 30,
      chargeId: `ch_${payment}`,
    });
    expect(between).toEqual({ posted: 100, held: 30, available: 70 });
    expect(ended).toMatchObject({ kind: 'settled', minor: 30 });
    expect(await tenant.balance('shop')).toEqual({ posted: 0, held: 0, available: 0 });
    expect(await tenant.balance('alice')).toEqual({ posted: 100, held: 0, available: 100 });
    const checked = await reads.balanceCheck(tenant.tenant);
    expect(checked.filter(({ agrees }) => !agrees)).toEqual([]);
    expect(checked.find(({ account }) => account === 'alice')).toMatchObject({ refunded: 100 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('never gives back more than was captured, though a hundred come at once', async () => {
    const { ledger } = here.world;
    const tenant = here.aTenant();
    const payment = await aSettledPayment(tenant);

    const ends = await Promise.all(
      Array.from({ length: 100 }, async () => {
        const envelope = tenant.refund({ payment, amount: 3 });
        const held = await ledger.holdRefund(envelope);
        if (held.kind === 'fail') return held.code;
        return (await ledger.settle(envelope.opId, refunded(envelope, 3), move)).kind;
      }),
    );

    expect(ends.filter((end) => end === 'settled')).toHaveLength(33);
    expect(ends.filter((end) => end === 'refund-exceeds-captured')).toHaveLength(67);
    expect(await tenant.balance('shop')).toMatchObject({ posted: 1 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('that was refused leaves room for another', async () => {
    const { ledger } = here.world;
    const tenant = here.aTenant();
    const payment = await aSettledPayment(tenant);
    const [first, second] = [tenant.refund({ payment }), tenant.refund({ payment })];
    await ledger.holdRefund(first);

    const before = await ledger.holdRefund(tenant.refund({ payment, amount: 1 }));
    await ledger.release(first, { kind: 'never-charged', code: 'provider-refused' });

    expect(before).toMatchObject({ code: 'refund-exceeds-captured' });
    expect(await ledger.holdRefund(second)).toMatchObject({ kind: 'held', minor: 100 });
  });

  test('of a transfer needs no charge', async () => {
    const { ledger } = here.world;
    const tenant = here.aTenant();
    const payment = await aSettledPayment(tenant, 'balance');
    const envelope = tenant.refund({ payment });

    const held = await ledger.holdRefund(envelope);

    expect(held).not.toHaveProperty('chargeId');
    expect(await ledger.settle(envelope.opId, { kind: 'internal' }, move)).toMatchObject({
      minor: 100,
    });
    expect(await tenant.balance('alice')).toMatchObject({ available: 100 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('of what is only held is refused', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const { opId } = await tenant.held({ account: 'alice', amount: 10 });

    const refused = await here.world.ledger.holdRefund(tenant.refund({ payment: opId }));

    expect(refused).toMatchObject({ code: 'invalid-state' });
  });

  test('of a payment of another tenant is of an unknown one', async () => {
    const [ours, theirs] = [here.aTenant(), here.aTenant()];
    const payment = await aSettledPayment(theirs);
    const before = await theirs.everything();

    expect(await here.world.ledger.holdRefund(ours.refund({ payment }))).toMatchObject({
      code: 'payment-unknown',
    });
    expect(await theirs.everything()).toBe(before);
  });
});

test('a payout leaves the account for the outside, and comes back when it fails', async () => {
  const { ledger, reads } = here.world;
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant', funds: 100 });
  const [sent, failed] = [40, 50].map((amount) => tenant.payout({ account: 'shop', amount }));
  if (sent === undefined || failed === undefined) throw new Error('two payouts');

  await ledger.holdPayout(sent);
  await ledger.holdPayout(failed);
  const between = await tenant.balance('shop');
  const reference = referenceOf(sent.opId, 'payout.1', 1);
  const paid = {
    kind: 'paid-out',
    reference,
    payoutId: 'po_1',
    minor: 40,
    currency: 'EUR',
  } as const;
  await ledger.settle(sent.opId, paid, { step: 'payout', final: true });
  const declined = { kind: 'declined', declineCode: 'account-closed' } as const;
  await ledger.release(failed, { ...declined, reference: referenceOf(failed.opId, 'payout.1', 1) });

  expect(between).toEqual({ posted: 100, held: 90, available: 10 });
  expect(await tenant.balance('shop')).toEqual({ posted: 60, held: 0, available: 60 });
  const checked = await reads.balanceCheck(tenant.tenant);
  expect(checked.filter(({ agrees }) => !agrees)).toEqual([]);
  expect(await tenant.violations()).toEqual([]);
});
