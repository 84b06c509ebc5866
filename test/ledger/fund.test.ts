import { describe, expect, test } from 'vitest';
import { aWorld, type Given } from './world.js';

const here = aWorld();

const most = 999_999_999_999_999;

describe('fund', () => {
  interface Row {
    readonly case: string;
    readonly given: Readonly<Record<string, Given>>;
    readonly ask: Parameters<ReturnType<typeof here.aTenant>['funding']>[0];
    readonly outcome: string;
  }

  test.each<Row>([
    { case: 'an open account', given: { alice: {} }, ask: ask('alice', 100), outcome: 'funded' },
    {
      case: 'a frozen account',
      given: { alice: { status: 'frozen' } },
      ask: ask('alice', 100),
      outcome: 'funded',
    },
    {
      case: 'the largest amount',
      given: { alice: {} },
      ask: ask('alice', most),
      outcome: 'funded',
    },
    {
      case: 'an account of eight slots',
      given: { shop: { kind: 'merchant', slots: 8 } },
      ask: ask('shop', 100),
      outcome: 'funded',
    },
    { case: 'no account', given: {}, ask: ask('alice', 100), outcome: 'account-unknown' },
    {
      case: 'a closed account',
      given: { alice: { status: 'closed' } },
      ask: ask('alice', 100),
      outcome: 'account-closed',
    },
    {
      case: 'an account of another currency',
      given: { alice: { currency: 'JPY' } },
      ask: ask('alice', 100),
      outcome: 'currency-mismatch',
    },
  ])('$case: $outcome', async ({ given, ask: asked, outcome }) => {
    const tenant = here.aTenant();
    for (const [name, account] of Object.entries(given)) await tenant.open(name, account);

    const answer = await here.world.ledger.fund(tenant.funding(asked));

    expect(answer.kind === 'fail' ? answer.code : answer.kind).toBe(outcome);
    if (asked.account in given) {
      const posted = outcome === 'funded' ? asked.amount : 0;
      expect(await tenant.balance(asked.account)).toEqual({ posted, held: 0, available: posted });
    }
    expect(await tenant.violations()).toEqual([]);
  });

  test('refuses to pass 2^53 - 1', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice');
    const fund = (amount: number) => here.world.ledger.fund(tenant.funding(ask('alice', amount)));
    for (let n = 1; n <= 9; n += 1) await fund(most);

    expect(await fund(2 ** 53 - 9 * most)).toMatchObject({ code: 'balance-limit-exceeded' });
    expect(await fund(2 ** 53 - 1 - 9 * most)).toMatchObject({ kind: 'funded' });
    expect(await tenant.balance('alice')).toMatchObject({ available: 2 ** 53 - 1 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('brings money in from one funding account per currency', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 70 });
    await tenant.open('bob', { funds: 30 });
    await tenant.open('yuki', { currency: 'JPY', funds: 500 });

    expect(await tenant.balance('@funding:EUR')).toMatchObject({
      posted: -100,
    });
    expect(await tenant.balance('@funding:JPY')).toMatchObject({
      posted: -500,
    });
  });

  function ask(account: string, amount: number) {
    return { account, amount };
  }
});
