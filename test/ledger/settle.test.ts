import { describe, expect, test } from 'vitest';
import { captureOf, declineOf } from '../support/envelopes.js';
import { aWorld, type Given } from './world.js';

const here = aWorld();

const alice = { funds: 100 };
const shop: Given = { kind: 'merchant' };
const pay = { account: 'alice', amount: 30 };
const transfer = { ...pay, payTo: 'bob', method: 'balance' } as const;

describe('settle', () => {
  test('moves what was held to the receiver, on the proof of a capture', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    await tenant.open('shop', shop);
    const envelope = await tenant.held(pay);

    const settled = await here.world.ledger.settle(envelope.opId, captureOf(envelope));

    expect(settled).toEqual({
      kind: 'settled',
      opId: envelope.opId,
      minor: 30,
      currency: 'EUR',
      chargeId: `ch_${envelope.opId}`,
    });
    expect(await tenant.balance('alice')).toEqual({ posted: 70, held: 0, available: 70 });
    expect(await tenant.balance('shop')).toEqual({ posted: 30, held: 0, available: 30 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('takes a transfer inside the ledger as its own proof', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    await tenant.open('bob');
    const envelope = await tenant.held(transfer);

    const settled = await here.world.ledger.settle(envelope.opId, { kind: 'internal' });

    expect(settled).toMatchObject({ kind: 'settled', minor: 30 });
    expect(await tenant.balance('bob')).toMatchObject({ available: 30 });
    expect(await tenant.violations()).toEqual([]);
  });

  test.each<[string, Parameters<typeof captureOf>[1] | 'internal' | 'decline']>([
    ['another amount', { minor: 29 }],
    ['another currency', { currency: 'USD' }],
    ['the key of another attempt', { reference: 'op_other:charge.1:1' }],
    ['no charge', { chargeId: '' }],
    ['no amount', { minor: undefined as never }],
    ['no currency', { currency: undefined as never }],
    ['no charge id', { chargeId: undefined as never }],
    ['the word of the ledger alone', 'internal'],
    ['a decline', 'decline'],
  ])('does not take %s as proof, and changes nothing', async (_, proof) => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    const envelope = await tenant.held(pay);
    const before = await tenant.everything();
    const given =
      proof === 'internal'
        ? ({ kind: 'internal' } as const)
        : proof === 'decline'
          ? (declineOf(envelope) as never)
          : captureOf(envelope, proof);

    const answer = await here.world.ledger.settle(envelope.opId, given);

    expect(answer).toEqual({ kind: 'conflict', reason: 'evidence-mismatch' });
    expect(await tenant.everything()).toBe(before);
  });

  test('does not take a capture as proof of a transfer inside the ledger', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    await tenant.open('bob');
    const envelope = await tenant.held(transfer);

    const answer = await here.world.ledger.settle(envelope.opId, captureOf(envelope));

    expect(answer).toEqual({ kind: 'conflict', reason: 'evidence-mismatch' });
  });

  test('is a conflict without a hold, and after the hold was released', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    const envelope = tenant.payment(pay);
    const settle = () => here.world.ledger.settle(envelope.opId, captureOf(envelope));

    expect(await settle()).toEqual({ kind: 'conflict', reason: 'hold-missing' });
    await here.world.ledger.hold(envelope);
    await here.world.ledger.release(envelope, declineOf(envelope));
    expect(await settle()).toEqual({ kind: 'conflict', reason: 'hold-released' });
    expect(await tenant.balance('alice')).toMatchObject({ available: 100 });
  });

  test('pays an account that was frozen or closed after the money was held', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    await tenant.open('shop', shop);
    const envelope = await tenant.held(pay);
    for (const name of ['alice', 'shop']) {
      const { version } = await tenant.account(name);
      await here.world.ledger.editAccount(
        tenant.edit({ account: name, version, status: 'closed' }),
      );
    }

    const settled = await here.world.ledger.settle(envelope.opId, captureOf(envelope));

    expect(settled).toMatchObject({ kind: 'settled' });
    expect(await tenant.violations()).toEqual([]);
  });
});
