import { describe, expect, test } from 'vitest';
import { aWorld } from './world.js';

const here = aWorld();

const most = 999_999_999_999_999;

describe('openAccount', () => {
  test('opens an account at version 1 with nothing in it', async () => {
    const tenant = here.aTenant();

    const opened = await here.world.ledger.openAccount(
      tenant.opening({ account: 'alice', owner: 'sub-alice', overdraftLimit: 50 }),
    );

    expect(opened).toEqual({ kind: 'opened', account: 'alice' });
    expect(await tenant.account('alice')).toEqual({
      id: 'alice',
      currency: 'EUR',
      kind: 'customer',
      owner: 'sub-alice',
      status: 'open',
      posted: 0,
      held: 0,
      available: 0,
      overdraftLimit: 50,
      version: 1,
    });
    expect(await tenant.violations()).toEqual([]);
  });

  test('refuses an id that is taken, and changes nothing of it', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const before = await tenant.account('alice');

    const answer = await here.world.ledger.openAccount(
      tenant.opening({ account: 'alice', currency: 'USD', overdraftLimit: most }),
    );

    expect(answer).toMatchObject({ kind: 'fail', code: 'account-exists' });
    expect(await tenant.account('alice')).toEqual(before);
  });

  test('opens the same id in another tenant', async () => {
    const [one, other] = [here.aTenant(), here.aTenant()];
    await one.open('alice', { funds: 100 });

    await other.open('alice');

    expect(await one.balance('alice')).toMatchObject({ available: 100 });
    expect(await other.balance('alice')).toMatchObject({ available: 0 });
  });

  test('opens an id once when eight ask for it at once', async () => {
    const tenant = here.aTenant();
    const asks = Array.from({ length: 8 }, () =>
      here.world.ledger.openAccount(
        tenant.opening({ account: 'alice', kind: 'merchant', slots: 4 }),
      ),
    );

    const kinds = (await Promise.all(asks)).map(({ kind }) => kind).sort();

    expect(kinds).toEqual([...Array<string>(7).fill('fail'), 'opened']);
    expect(await tenant.account('alice')).toMatchObject({ version: 4 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('opens an id once when it is asked for with other slots at once', async () => {
    for (let round = 1; round <= 5; round += 1) {
      const tenant = here.aTenant();
      const asks = [1, 2, 4, 8, 3, 16].map((slots) =>
        here.world.ledger.openAccount(tenant.opening({ account: 'shop', kind: 'merchant', slots })),
      );

      const kinds = (await Promise.all(asks)).map(({ kind }) => kind).sort();

      expect(kinds).toEqual([...Array<string>(5).fill('fail'), 'opened']);
      const rows = await here.world.rows<{ slots: number }>(
        'select slots from ledger.account where tenant = $1',
        tenant.tenant,
      );
      expect(rows).toEqual(Array.from(rows, () => ({ slots: rows.length })));
    }
  });
});
