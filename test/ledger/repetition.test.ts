import { describe, expect, test } from 'vitest';
import { type Envelope, type PaymentCommand, referenceOf } from '../../src/domain/index.js';
import { captureOf, declineOf } from '../support/envelopes.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();
const pay = { account: 'alice', amount: 30 };
const tooMuch = { account: 'alice', amount: 1_000 };

/** Each makes what its verb needs and gives the call that is then repeated. */
const verbs: Readonly<Record<string, (tenant: Tenant) => Promise<() => Promise<object>>>> = {
  'an opening': async (tenant) => {
    const envelope = tenant.opening({ account: 'bob' });
    return () => here.world.ledger.openAccount(envelope);
  },
  'an opening of a taken id': async (tenant) => {
    const envelope = tenant.opening({ account: 'alice' });
    return () => here.world.ledger.openAccount(envelope);
  },
  'a funding': async (tenant) => {
    const envelope = tenant.funding({ account: 'alice', amount: 5 });
    return () => here.world.ledger.fund(envelope);
  },
  'a funding of nobody': async (tenant) => {
    const envelope = tenant.funding({ account: 'nobody', amount: 5 });
    return () => here.world.ledger.fund(envelope);
  },
  'an edit': async (tenant) => {
    const { version } = await tenant.account('alice');
    const envelope = tenant.edit({ account: 'alice', version, status: 'frozen' });
    return () => here.world.ledger.editAccount(envelope);
  },
  'a stale edit': async (tenant) => {
    const envelope = tenant.edit({ account: 'alice', version: 99, status: 'frozen' });
    return () => here.world.ledger.editAccount(envelope);
  },
  'a hold': async (tenant) => {
    const envelope = tenant.payment(pay);
    return () => here.world.ledger.hold(envelope);
  },
  'a refused hold': async (tenant) => {
    const envelope = tenant.payment(tooMuch);
    return () => here.world.ledger.hold(envelope);
  },
  'a settle': async (tenant) => {
    const envelope = await tenant.held(pay);
    return () => here.world.ledger.settle(envelope.opId, captureOf(envelope));
  },
  'a release': async (tenant) => {
    const envelope = await tenant.held(pay);
    return () => here.world.ledger.release(envelope, declineOf(envelope));
  },
  'a release before its hold': async (tenant) => {
    const envelope = tenant.payment(pay);
    return () => here.world.ledger.release(envelope, { kind: 'withdrawn' });
  },
  'a payment that begins later': async (tenant) => {
    const envelope = tenant.payment(pay);
    return () => here.world.ledger.schedule(envelope);
  },
  'a choice of method': async (tenant) => {
    const { opId } = await tenant.held(pay);
    return () => here.world.ledger.chooseMethod(opId, 'balance');
  },
  'the end of a wait for approval': async (tenant) => {
    const { opId } = await tenant.held(pay);
    return () => here.world.ledger.endApproval(opId, 'approval-expired');
  },
  'a change of phase': async (tenant) => {
    const { opId } = await tenant.held(pay);
    return () => here.world.ledger.notePhase(opId, 'doubt.1', 'in-doubt', { reason: 'slow' });
  },
};

describe.each(Object.entries(verbs))('%s', (_, prepare) => {
  test('given twice answers the first answer and changes nothing more', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const call = await prepare(tenant);
    const first = await call();
    const after = await tenant.everything();

    const second = await call();

    expect(second).toEqual({ ...first, replayed: true });
    expect(await tenant.everything()).toBe(after);
    expect(await tenant.violations()).toEqual([]);
  });

  test('given four times at once happens once, and all hear the same', async () => {
    for (let round = 1; round <= 5; round += 1) {
      const tenant = here.aTenant();
      await tenant.open('alice', { funds: 100 });
      const call = await prepare(tenant);

      const answers = await Promise.all([call(), call(), call(), call()]);

      const first = answers.filter((answer) => !('replayed' in answer));
      expect(first).toHaveLength(1);
      for (const answer of answers) expect(answer).toMatchObject({ ...first[0] });
      expect(await tenant.violations()).toEqual([]);
    }
  });
});

describe('the first answer', () => {
  test('stays when the account could pay by now', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 1 });
    const envelope = tenant.payment(pay);
    await here.world.ledger.hold(envelope);
    await here.world.ledger.fund(tenant.funding({ account: 'alice', amount: 100 }));

    expect(await here.world.ledger.hold(envelope)).toMatchObject({
      code: 'insufficient-funds',
      replayed: true,
    });
  });

  test('of a hold gives way to the end of its operation', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const [settled, declined] = [await tenant.held(pay), await tenant.held(pay)];
    await here.world.ledger.settle(settled.opId, captureOf(settled));
    await here.world.ledger.release(declined, declineOf(declined));
    const before = await tenant.everything();

    const answers = [await here.world.ledger.hold(settled), await here.world.ledger.hold(declined)];

    expect(answers).toMatchObject([
      { kind: 'settled', minor: 30, replayed: true },
      { kind: 'fail', code: 'declined', replayed: true },
    ]);
    expect(await tenant.everything()).toBe(before);
  });

  test('of a hold stays when the account was closed and the time budget passed', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const envelope = await tenant.held(pay);
    const { version } = await tenant.account('alice');
    await here.world.ledger.editAccount(
      tenant.edit({ account: 'alice', version, status: 'closed' }),
    );
    const late: Envelope<PaymentCommand> = { ...envelope, acceptedAt: 0, timeBudgetMs: 1 };

    expect(await here.world.ledger.hold(late)).toMatchObject({ kind: 'held', replayed: true });
    expect(await tenant.balance('alice')).toMatchObject({ held: 30 });
  });

  test('of a hold names the last key that was asked under', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const envelope = await tenant.held(pay);
    const { opId } = envelope;
    await here.world.ledger.writeAttempt(opId, 'charge.1', 2, 30);

    expect(await here.world.ledger.hold(envelope)).toMatchObject({
      ...{ kind: 'held', replayed: true },
      reference: referenceOf(opId, 'charge.1', 2),
    });
  });
});
