import { describe, expect, test } from 'vitest';
import { aWorld, type Given } from './world.js';

const here = aWorld();

interface Row {
  readonly case: string;
  readonly given: Readonly<Record<string, Given>>;
  readonly ask: Parameters<ReturnType<typeof here.aTenant>['payment']>[0];
  readonly outcome: string;
}

const alice = { funds: 100 };
const shop: Given = { kind: 'merchant' };
const pay = { account: 'alice', amount: 30 };
const transfer = { ...pay, payTo: 'bob', method: 'balance' } as const;

describe('hold', () => {
  test.each<Row>([
    { case: 'a part', given: { alice }, ask: pay, outcome: 'held' },
    { case: 'all there is', given: { alice }, ask: { ...pay, amount: 100 }, outcome: 'held' },
    {
      case: 'down to the overdraft limit',
      given: { alice: { funds: 10, overdraftLimit: 20 } },
      ask: pay,
      outcome: 'held',
    },
    {
      case: 'for a frozen receiver',
      given: { alice, bob: { status: 'frozen' } },
      ask: transfer,
      outcome: 'held',
    },
    {
      case: 'on an account of eight slots, judged as one',
      given: { shop: { kind: 'merchant', slots: 8, funds: 100 }, bob: {} },
      ask: { account: 'shop', amount: 100, payTo: 'bob' },
      outcome: 'held',
    },
    {
      case: 'one unit too many',
      given: { alice },
      ask: { ...pay, amount: 101 },
      outcome: 'insufficient-funds',
    },
    {
      case: 'one unit past the overdraft limit',
      given: { alice: { funds: 9, overdraftLimit: 20 } },
      ask: pay,
      outcome: 'insufficient-funds',
    },
    {
      case: 'one unit too many on an account of eight slots',
      given: { shop: { kind: 'merchant', slots: 8, funds: 100 }, bob: {} },
      ask: { account: 'shop', amount: 101, payTo: 'bob' },
      outcome: 'insufficient-funds',
    },
    { case: 'on no account', given: {}, ask: pay, outcome: 'account-unknown' },
    { case: 'for nobody', given: { alice }, ask: transfer, outcome: 'account-unknown' },
    {
      case: 'for itself',
      given: { alice },
      ask: { ...transfer, payTo: 'alice' },
      outcome: 'same-account',
    },
    {
      case: 'by the only merchant for itself',
      given: { shop: { ...shop, funds: 100 } },
      ask: { account: 'shop', amount: 1 },
      outcome: 'same-account',
    },
    {
      case: 'on a closed account',
      given: { alice: { funds: 100, status: 'closed' } },
      ask: pay,
      outcome: 'account-closed',
    },
    {
      case: 'for a closed receiver',
      given: { alice, bob: { status: 'closed' } },
      ask: transfer,
      outcome: 'account-closed',
    },
    {
      case: 'on a frozen account',
      given: { alice: { funds: 100, status: 'frozen' } },
      ask: pay,
      outcome: 'account-frozen',
    },
    {
      case: 'in another currency',
      given: { alice },
      ask: { ...pay, currency: 'USD' },
      outcome: 'currency-mismatch',
    },
    {
      case: 'for a receiver of another currency',
      given: { alice, bob: { currency: 'USD' } },
      ask: transfer,
      outcome: 'currency-mismatch',
    },
  ])('$case: $outcome', async ({ given, ask, outcome }) => {
    const tenant = here.aTenant();
    for (const [name, account] of Object.entries(given)) await tenant.open(name, account);
    const before = ask.account in given ? await tenant.balance(ask.account) : undefined;

    const answer = await here.world.ledger.hold(tenant.payment(ask));

    expect(answer.kind === 'fail' ? answer.code : answer.kind).toBe(outcome);
    if (before !== undefined) {
      const held = outcome === 'held' ? ask.amount : 0;
      const { posted, available } = before;
      expect(await tenant.balance(ask.account)).toEqual({
        posted,
        held,
        available: available - held,
      });
    }
    expect(await tenant.violations()).toEqual([]);
  });

  test('says what was held, for whom and under which key', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    await tenant.open('shop', shop);
    const envelope = tenant.payment(pay);

    expect(await here.world.ledger.hold(envelope)).toEqual({
      kind: 'held',
      opId: envelope.opId,
      account: 'alice',
      payee: 'shop',
      minor: 30,
      currency: 'EUR',
      reference: `${envelope.opId}:charge.1:1`,
      heldAt: expect.any(Number),
    });
  });

  test('pays the oldest merchant of the currency, and opens one when there is none', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);

    expect(await here.world.ledger.hold(tenant.payment(pay))).toMatchObject({
      payee: 'merchant:EUR',
    });
    await tenant.open('shop', shop);
    expect(await here.world.ledger.hold(tenant.payment(pay))).toMatchObject({
      payee: 'merchant:EUR',
    });
  });

  test('refuses what the receiver could not carry', async () => {
    const tenant = here.aTenant();
    const most = 999_999_999_999_999;
    await tenant.open('rich', { overdraftLimit: most });
    await tenant.open('shop', shop);
    for (let n = 1; n <= 9; n += 1) {
      await here.world.ledger.fund(tenant.funding({ account: 'shop', amount: most }));
    }

    const answer = await here.world.ledger.hold(tenant.payment({ account: 'rich', amount: most }));

    expect(answer).toMatchObject({ kind: 'fail', code: 'balance-limit-exceeded' });
    expect(await tenant.balance('rich')).toEqual({ posted: 0, held: 0, available: 0 });
  });

  test('refuses to begin when the time budget has passed', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    const late = { acceptedAt: Date.now() - 2_000, timeBudgetMs: 1_000 };

    const answer = await here.world.ledger.hold(tenant.payment(pay, late));

    expect(answer).toMatchObject({ kind: 'fail', code: 'time-budget-exceeded' });
    expect(await tenant.balance('alice')).toMatchObject({ held: 0 });
  });

  test('refuses a key that names another command, and changes nothing', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', alice);
    const envelope = await tenant.held(pay);
    const other = tenant.payment({ ...pay, amount: 31 }, { idemKey: envelope.command.idemKey });
    const before = await tenant.everything();

    const answers = [
      await here.world.ledger.hold(other),
      await here.world.ledger.release(other, { kind: 'withdrawn' }),
    ];

    expect(other.opId).toBe(envelope.opId);
    for (const answer of answers) {
      expect(answer).toMatchObject({ kind: 'fail', code: 'idempotency-key-reused' });
    }
    expect(await tenant.everything()).toBe(before);
  });

  test('counts the same key of another tenant or person as another intent', async () => {
    const [one, other] = [here.aTenant(), here.aTenant()];
    for (const tenant of [one, other]) await tenant.open('alice', alice);
    const asked = { idemKey: 'order-1001' };

    const answers = [
      await here.world.ledger.hold(one.payment(pay, asked)),
      await here.world.ledger.hold(other.payment(pay, asked)),
      await here.world.ledger.hold(one.payment(pay, { ...asked, principal: 'bob' })),
    ];

    expect(answers.map(({ kind }) => kind)).toEqual(['held', 'held', 'held']);
    expect(await one.balance('alice')).toMatchObject({ held: 60 });
    expect(await other.balance('alice')).toMatchObject({ held: 30 });
  });
});
