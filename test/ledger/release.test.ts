import { describe, expect, test } from 'vitest';
import type { ReleaseBecause } from '../../src/domain/index.js';
import { captureOf, declineOf } from '../support/envelopes.js';
import { aWorld } from './world.js';

const here = aWorld();

const alice = { funds: 100 };
const pay = { account: 'alice', amount: 30 };

describe('release', () => {
  test.each<[ReleaseBecause['kind'], string]>([
    ['declined', 'declined'],
    ['withdrawn', 'withdrawn'],
    ['never-charged', 'provider-refused'],
    ['voided', 'hold-expired'],
    ['fenced', 'time-budget-exceeded'],
  ])('gives the money back when %s', async (kind, code) => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    const envelope = await tenant.held(pay);
    const because: Record<ReleaseBecause['kind'], ReleaseBecause> = {
      declined: declineOf(envelope),
      withdrawn: { kind: 'withdrawn' },
      'never-charged': { kind: 'never-charged', code: 'provider-refused' },
      voided: { ...declineOf(envelope), kind: 'voided', chargeId: 'ch_1', code: 'hold-expired' },
      fenced: { ...declineOf(envelope), kind: 'fenced', code: 'time-budget-exceeded' },
    };

    const released = await here.world.ledger.release(envelope, because[kind]);

    expect(released).toMatchObject({ kind: 'released', opId: envelope.opId, code, minor: 30 });
    expect(await tenant.balance('alice')).toEqual({ posted: 100, held: 0, available: 100 });
    const row = await here.world.reads.operation(tenant.tenant, envelope.opId);
    expect(row).toMatchObject({ state: 'FAILED', outcome: { kind: 'fail', code } });
    expect(await tenant.violations()).toEqual([]);
  });

  test.each([
    ['silence', { kind: 'unknown' }],
    ['not found', { kind: 'not-found' }],
    ['a time-out', { kind: 'timeout', code: 'declined' }],
    ['the decline of another payment', { kind: 'declined', reference: 'op_other:charge.1:1' }],
    ['a refusal without a code', { kind: 'never-charged' }],
    ['the fence of another', { kind: 'fenced', reference: 'op_o:charge.1:1', code: 'withdrawn' }],
    ['an authorisation', { kind: 'authorized', code: 'declined' }],
    ['nothing', {}],
  ])('does not take %s as proof, and changes nothing', async (_, because) => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    const envelope = await tenant.held(pay);
    const before = await tenant.everything();

    const answer = await here.world.ledger.release(envelope, because as ReleaseBecause);

    expect(answer).toEqual({ kind: 'conflict', reason: 'evidence-mismatch' });
    expect(await tenant.everything()).toBe(before);
  });

  test('is a conflict once the money is settled', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    const envelope = await tenant.held(pay);
    await here.world.ledger.settle(envelope.opId, captureOf(envelope));
    const before = await tenant.everything();

    const answer = await here.world.ledger.release(envelope, declineOf(envelope));

    expect(answer).toEqual({ kind: 'conflict', reason: 'hold-captured' });
    expect(await tenant.everything()).toBe(before);
  });

  test('before its hold fences the hold that comes late', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    const envelope = tenant.payment(pay);

    const released = await here.world.ledger.release(envelope, { kind: 'withdrawn' });
    const late = await here.world.ledger.hold(envelope);

    expect(released).toMatchObject({ kind: 'released', minor: 0 });
    expect(late).toMatchObject({ kind: 'fail', code: 'withdrawn' });
    expect(await tenant.balance('alice')).toEqual({ posted: 100, held: 0, available: 100 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('of a hold that was refused has nothing to give back', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 1 });
    const envelope = tenant.payment(pay);
    await here.world.ledger.hold(envelope);

    const released = await here.world.ledger.release(envelope, { kind: 'withdrawn' });

    expect(released).toMatchObject({ kind: 'released', minor: 0 });
    const row = await here.world.reads.operation(tenant.tenant, envelope.opId);
    expect(row).toMatchObject({ state: 'FAILED', outcome: { code: 'insufficient-funds' } });
    expect(await tenant.violations()).toEqual([]);
  });
});
