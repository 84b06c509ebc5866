import { describe, expect, test } from 'vitest';
import type { AccountId } from '../../src/domain/index.js';
import { captureOf, declineOf } from '../support/envelopes.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();
const pay = { account: 'alice', amount: 30 };
const id = (name: string) => name as AccountId;

/** Seven operations: alice and bob opened, alice funded; held, settled, declined, refused. */
async function livedIn(): Promise<{ tenant: Tenant; settledId: string }> {
  const tenant = here.aTenant();
  const { ledger } = here.world;
  await ledger.openAccount(tenant.opening({ account: 'alice', owner: 'sub-alice' }));
  await ledger.openAccount(tenant.opening({ account: 'bob', owner: 'sub-bob' }));
  await ledger.fund(tenant.funding({ account: 'alice', amount: 100 }, { principal: 'admin' }));
  await ledger.hold(tenant.payment(pay, { bizKey: 'order-1' }));
  const settled = tenant.payment(pay, { bizKey: 'order-2', principal: 'clerk' });
  await ledger.hold(settled);
  await ledger.settle(settled.opId, captureOf(settled));
  const declined = tenant.payment(pay, { bizKey: 'order-3' });
  await ledger.hold(declined);
  await ledger.release(declined, declineOf(declined));
  await ledger.hold(tenant.payment({ account: 'bob', amount: 1 }, { principal: 'clerk' }));
  return { tenant, settledId: settled.opId };
}

describe('an operation', () => {
  test('is read as its row says it', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const acceptedAt = Date.now();
    const envelope = tenant.payment(pay, { bizKey: 'order-1', acceptedAt });
    await here.world.ledger.hold(envelope);

    const row = await here.world.reads.operation(tenant.tenant, envelope.opId);

    expect(row).toEqual({
      opId: envelope.opId,
      principal: 'alice',
      domain: 'Payment',
      eventType: 'PaymentRequested',
      bizKey: 'order-1',
      state: 'IN_PROGRESS',
      phase: 'charging',
      outcome: null,
      account: 'alice',
      amount: 30,
      currency: 'EUR',
      deferredUntil: null,
      acceptedAt: new Date(acceptedAt).toISOString(),
      updatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      version: 1,
      digests: envelope.digests,
      owner: null,
    });
  });

  test('of another tenant is as unknown as one that is not there', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const { opId } = await tenant.held(pay);
    const absent = tenant.payment(pay).opId;

    expect(await here.world.reads.operation('another', opId)).toBeUndefined();
    expect(await here.world.reads.operation(tenant.tenant, absent)).toBeUndefined();
  });
});

describe('the list of operations', () => {
  type Filter = Parameters<typeof here.world.reads.operations>[1];

  test.each<[string, Filter, number]>([
    ['all', {}, 7],
    ['by state', { state: 'IN_PROGRESS' }, 1],
    ['by phase', { phase: 'charging' }, 1],
    ['by domain', { domain: 'Account' }, 3],
    ['by account', { account: id('alice') }, 5],
    ['by business key', { bizKey: 'order-2' }, 1],
    ['by who asked', { subject: 'clerk' }, 2],
    ['by whose account it is', { subject: 'sub-bob' }, 2],
    ['by both at once', { state: 'FAILED', account: id('alice') }, 1],
    ['from the future', { from: '9999-01-01T00:00:00Z' }, 0],
    ['up to the past', { to: '2020-01-01T00:00:00Z' }, 0],
    ['by a quote', { bizKey: "' or true --" }, 0],
  ])('%s', async (_, filter, count) => {
    const { tenant } = await livedIn();

    const { rows } = await here.world.reads.operations(tenant.tenant, filter, { limit: 50 });

    expect(rows).toHaveLength(count);
    expect(await here.world.reads.countOperations(tenant.tenant, filter)).toBe(count);
  });

  test('comes newest first, page by page, each once', async () => {
    const { tenant } = await livedIn();
    const all = await here.world.reads.operations(tenant.tenant, {}, { limit: 50 });
    const paged: string[] = [];
    let before: number | undefined;
    const sizes: number[] = [];
    do {
      const page = { limit: 3, ...(before !== undefined && { before }) };
      const { rows, next } = await here.world.reads.operations(tenant.tenant, {}, page);
      paged.push(...rows.map(({ opId }) => opId));
      sizes.push(rows.length);
      before = next;
    } while (before !== undefined);

    expect(sizes).toEqual([3, 3, 1]);
    expect(paged).toEqual(all.rows.map(({ opId }) => opId));
    expect(all.rows[0]).toMatchObject({ account: 'bob', outcome: { code: 'insufficient-funds' } });
    expect(all.next).toBeUndefined();
  });
});

describe('admission', () => {
  test('gives the operation of a key and the accounts it names, in one answer', async () => {
    const { tenant, settledId } = await livedIn();
    const { reads } = here.world;

    const seen = await reads.admission(tenant.tenant, settledId as never, [id('alice'), id('eve')]);

    expect(seen.operation).toEqual(await reads.operation(tenant.tenant, settledId as never));
    expect([...seen.accounts.keys()]).toEqual(['alice']);
    expect(seen.accounts.get(id('alice'))).toEqual(await tenant.account('alice'));
  });

  test('gives nothing for what another tenant has', async () => {
    const { settledId } = await livedIn();

    const seen = await here.world.reads.admission('another', settledId as never, [id('alice')]);

    expect(seen).toEqual({ operation: undefined, accounts: new Map() });
  });

  test('takes no account at all', async () => {
    const { tenant, settledId } = await livedIn();

    const seen = await here.world.reads.admission(tenant.tenant, settledId as never, []);

    expect(seen.operation).toMatchObject({ opId: settledId });
    expect(seen.accounts).toEqual(new Map());
  });
});

describe('the check of balances', () => {
  test('shows where the money of every account came from and went', async () => {
    const { tenant } = await livedIn();

    const rows = await here.world.reads.balanceCheck(tenant.tenant);

    const of = (account: string) => rows.find((row) => row.account === account);
    expect(of('alice')).toMatchObject({
      funded: 100,
      held: 30,
      settled: 30,
      available: 40,
      agrees: true,
    });
    expect(of('merchant:EUR')).toMatchObject({ received: 30, available: 30, agrees: true });
    expect(rows.filter(({ agrees }) => !agrees)).toEqual([]);
  });

  test('sees a balance that does not agree with its entries', async () => {
    const { tenant } = await livedIn();
    await here.world.rows(
      "update ledger.account set posted = posted + 1 where tenant = $1 and account_id = 'alice'",
      tenant.tenant,
    );

    const rows = await here.world.reads.balanceCheck(tenant.tenant);

    expect(rows.filter(({ agrees }) => !agrees)).toHaveLength(1);
  });
});
