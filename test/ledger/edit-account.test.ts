import { describe, expect, test } from 'vitest';
import { aWorld, type Given } from './world.js';

const here = aWorld();

describe('editAccount', () => {
  interface Row {
    readonly case: string;
    readonly given: Given;
    readonly change: {
      readonly status?: 'open' | 'frozen' | 'closed';
      readonly overdraftLimit?: number;
    };
    readonly versionBehind?: number;
    readonly outcome: string;
  }

  test.each<Row>([
    { case: 'freezes', given: {}, change: { status: 'frozen' }, outcome: 'edited' },
    { case: 'closes', given: { funds: 7 }, change: { status: 'closed' }, outcome: 'edited' },
    {
      case: 'reopens',
      given: { status: 'frozen' },
      change: { status: 'open' },
      outcome: 'edited',
    },
    { case: 'lends', given: {}, change: { overdraftLimit: 500 }, outcome: 'edited' },
    {
      case: 'all slots of a merchant',
      given: { kind: 'merchant', slots: 8 },
      change: { status: 'frozen', overdraftLimit: 5 },
      outcome: 'edited',
    },
    {
      case: 'a version that is behind',
      given: { funds: 7 },
      change: { status: 'closed' },
      versionBehind: 1,
      outcome: 'stale-version',
    },
    {
      case: 'a version that is ahead',
      given: { funds: 7 },
      change: { status: 'closed' },
      versionBehind: -1,
      outcome: 'stale-version',
    },
  ])('$case: $outcome', async ({ given, change, versionBehind = 0, outcome }) => {
    const tenant = here.aTenant();
    await tenant.open('acct', given);
    const before = await tenant.account('acct');

    const answer = await here.world.ledger.editAccount(
      tenant.edit({ account: 'acct', version: before.version - versionBehind, ...change }),
    );

    expect(answer.kind === 'fail' ? answer.code : answer.kind).toBe(outcome);
    expect(await tenant.account('acct')).toEqual(
      outcome === 'edited' ? { ...before, ...change, version: before.version + 1 } : before,
    );
    expect(await tenant.violations()).toEqual([]);
  });

  test('refuses an unknown account', async () => {
    const edit = here.aTenant().edit({ account: 'nobody', version: 1, status: 'frozen' });

    expect(await here.world.ledger.editAccount(edit)).toMatchObject({ code: 'account-unknown' });
  });

  test('refuses an overdraft limit that the account is already past', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { overdraftLimit: 50 });
    await tenant.held({ account: 'alice', amount: 30 });
    const { version } = await tenant.account('alice');
    const lower = (overdraftLimit: number) =>
      here.world.ledger.editAccount(tenant.edit({ account: 'alice', version, overdraftLimit }));

    expect(await lower(29)).toMatchObject({ kind: 'fail', code: 'overdraft-limit-too-low' });
    expect(await lower(30)).toMatchObject({ kind: 'edited' });
  });

  test('lets one of two editors with the same version win', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice');

    for (let round = 1; round <= 10; round += 1) {
      const { version } = await tenant.account('alice');
      const edits = [100 + round, 200 + round].map((overdraftLimit) =>
        here.world.ledger.editAccount(tenant.edit({ account: 'alice', version, overdraftLimit })),
      );

      const outcomes = (await Promise.all(edits)).map((answer) =>
        answer.kind === 'fail' ? answer.code : answer.kind,
      );

      expect(outcomes.sort()).toEqual(['edited', 'stale-version']);
    }
    expect(await tenant.account('alice')).toMatchObject({ version: 11 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('loses against a hold that came in between', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const { version } = await tenant.account('alice');
    await tenant.held({ account: 'alice', amount: 1 });

    const answer = await here.world.ledger.editAccount(
      tenant.edit({ account: 'alice', version, status: 'closed' }),
    );

    expect(answer).toMatchObject({ kind: 'fail', code: 'stale-version' });
  });
});
