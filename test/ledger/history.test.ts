import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { captureOf, declineOf } from '../support/envelopes.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();

interface Entry {
  readonly account_id: string;
  readonly slot: number;
  readonly account: number;
  readonly version: number;
  readonly op_id: string;
  readonly step: string;
  readonly posted_delta: number;
  readonly held_delta: number;
  readonly posted_after: number;
  readonly held_after: number;
  /** Microseconds since 1970. */
  readonly recorded_us: string;
  readonly hash: string;
  readonly chain: string;
}

const entriesOf = ({ tenant }: Tenant, account?: string) =>
  here.world.rows<Entry>(
    `select a.account_id, a.slot, e.account, e.version, o.op_id, e.step, e.posted_delta,
            e.held_delta, e.posted_after, e.held_after,
            (extract(epoch from e.recorded_at) * 1000000)::bigint::text as recorded_us,
            encode(e.hash, 'hex') as hash, encode(a.chain, 'hex') as chain
       from ledger.entry e join ledger.account a on a.id = e.account
       join ledger.operation o on o.id = e.op
      where e.tenant = $1 and a.account_id = coalesce($2, a.account_id)
      order by a.id, e.version`,
    tenant,
    account ?? null,
  );

/** Some of everything that changes an account, twelve payments at once among it. */
async function livedIn(tenant: Tenant): Promise<void> {
  const { ledger } = here.world;
  await tenant.open('alice', { funds: 1_000 });
  await tenant.open('shop', { kind: 'merchant', slots: 4 });
  const payments = Array.from({ length: 12 }, async (_, n) => {
    const envelope = await tenant.held({ account: 'alice', amount: n + 1 });
    if (n % 3 === 0) await ledger.release(envelope, declineOf(envelope));
    else await ledger.settle(envelope.opId, captureOf(envelope));
  });
  await Promise.all(payments);
  const { version } = await tenant.account('alice');
  await ledger.editAccount(tenant.edit({ account: 'alice', version, status: 'frozen' }));
}

describe('entries', () => {
  test('are one for each change of an account, numbered without a gap', async () => {
    const tenant = here.aTenant();
    await livedIn(tenant);

    const entries = await entriesOf(tenant, 'alice');

    expect(entries.map(({ version }) => version)).toEqual(
      Array.from({ length: 27 }, (_, n) => n + 1),
    );
    const count = (step: string) => entries.filter((entry) => entry.step === step).length;
    const steps = ['open', 'fund', 'reserve', 'release', 'settle', 'edit'];
    expect(steps.map(count)).toEqual([1, 1, 12, 4, 8, 1]);
    expect(await tenant.violations()).toEqual([]);
  });

  test('are chained: each hash covers the entry and the hash before', async () => {
    const tenant = here.aTenant();
    await livedIn(tenant);
    const sha256 = (...parts: readonly (string | Buffer)[]) =>
      parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
    const chains = new Map<number, Buffer>();

    const entries = await entriesOf(tenant);
    for (const entry of entries) {
      const facts = [
        ...[entry.account, entry.version, entry.op_id, entry.step, entry.posted_delta],
        ...[entry.held_delta, entry.posted_after, entry.held_after, entry.recorded_us],
      ];
      const first = sha256([tenant.tenant, entry.account_id, entry.slot].join('|'));
      const hash = sha256(chains.get(entry.account) ?? first, facts.join('|'));
      chains.set(entry.account, hash);
      expect(entry.hash, `${entry.account_id} ${entry.version}`).toBe(hash.toString('hex'));
    }

    for (const { account, chain } of entries) {
      expect(chains.get(account)?.toString('hex')).toBe(chain);
    }
  });

  test('are spread over the slots of a merchant', async () => {
    const tenant = here.aTenant();
    await livedIn(tenant);

    const settled = (await entriesOf(tenant, 'shop')).filter(({ step }) => step === 'settle');

    expect(new Set(settled.map(({ slot }) => slot)).size).toBeGreaterThan(1);
    expect(settled.reduce((sum, entry) => sum + entry.posted_delta, 0)).toBe(
      (await tenant.balance('shop')).posted,
    );
  });
});

describe('the clock of the ledger', () => {
  test('is what entries, holds and audit lines are dated by', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const [real] = await here.world.rows<{ now: string }>('select clock_timestamp()::text as now');

    await withClock("clock_timestamp() + interval '1 hour'", () =>
      tenant.held({ account: 'alice', amount: 1 }, { timeBudgetMs: 7_200_000 }),
    );

    const late = await here.world.rows(
      `select at from (
         select recorded_at as at from ledger.entry where tenant = $1 and step = 'reserve'
         union all select at from ledger.audit where tenant = $1 and action = 'hold.held'
         union all select at from ledger.outbox where tenant = $1 and type = 'hold.held'
         union all select sent_at from ledger.attempt where tenant = $1
         union all select updated_at from ledger.operation
                    where tenant = $1 and phase = 'charging') r
        where at between $2::text::timestamptz + interval '1 hour'
                     and $2::text::timestamptz + interval '2 hours'`,
      tenant.tenant,
      real?.now,
    );
    expect(late).toHaveLength(5);
  });

  test('that steps back does not turn the order of an account round', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const before = (await entriesOf(tenant, 'alice')).at(-1);

    await withClock("clock_timestamp() - interval '1 hour'", async () => {
      for (let n = 1; n <= 3; n += 1) await tenant.held({ account: 'alice', amount: 1 });
    });

    const recorded = (await entriesOf(tenant, 'alice')).map(({ recorded_us }) =>
      BigInt(recorded_us),
    );
    const last = BigInt(before?.recorded_us ?? 0);
    expect(recorded.slice(-3)).toEqual([last + 1n, last + 2n, last + 3n]);
    expect(await tenant.violations()).toEqual([]);
  });

  test('decides when a time budget has passed', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const hold = () =>
      here.world.ledger.hold(
        tenant.payment({ account: 'alice', amount: 1 }, { timeBudgetMs: 60_000 }),
      );

    expect(await hold()).toMatchObject({ kind: 'held' });
    expect(await withClock("clock_timestamp() + interval '61 s'", hold)).toMatchObject({
      code: 'time-budget-exceeded',
    });
  });

  async function withClock<T>(time: string, act: () => Promise<T>): Promise<T> {
    const set = (expression: string) =>
      here.world.rows(
        `create or replace function ledger.clock() returns timestamptz
         language sql volatile as $$ select ${expression} $$`,
      );
    await set(time);
    try {
      return await act();
    } finally {
      await set('clock_timestamp()');
    }
  }
});

describe('the balance at a moment', () => {
  const at = (tenant: Tenant, account: string, moment: string) =>
    here.world.reads.balanceAt(tenant.tenant, account as never, moment);

  async function momentNow(): Promise<string> {
    const [row] = await here.world.rows<{ now: string }>(
      "select to_json(clock_timestamp()) #>> '{}' as now",
    );
    return row?.now ?? '';
  }

  test('is what it was after the last entry before that moment', async () => {
    const tenant = here.aTenant();
    const early = await momentNow();
    await tenant.open('alice', { funds: 100 });
    const funded = await momentNow();
    const envelope = await tenant.held({ account: 'alice', amount: 30 });
    const held = await momentNow();
    await here.world.ledger.settle(envelope.opId, captureOf(envelope));
    const settled = await momentNow();

    const seen = [];
    for (const moment of [early, funded, held, settled])
      seen.push(await at(tenant, 'alice', moment));

    const eur = { kind: 'balance', currency: 'EUR' };
    expect(seen).toEqual([
      undefined,
      { ...eur, posted: 100, held: 0, available: 100, version: 2 },
      { ...eur, posted: 100, held: 30, available: 70, version: 3 },
      { ...eur, posted: 70, held: 0, available: 70, version: 4 },
    ]);
  });

  test('is not known for the future, nor for an account that is not there', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice');

    expect(await at(tenant, 'alice', '9999-01-01T00:00:00Z')).toEqual({ kind: 'future' });
    expect(await at(tenant, 'nobody', await momentNow())).toBeUndefined();
  });

  test('sums the slots of a merchant', async () => {
    const tenant = here.aTenant();
    await livedIn(tenant);

    const then = await at(tenant, 'shop', await momentNow());

    expect(then).toMatchObject(await tenant.balance('shop'));
  });

  test('is byte-equal when asked again, with writes in flight both times', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 1_000 });
    let open = true;
    const writers = Array.from({ length: 6 }, async () => {
      while (open) await tenant.held({ account: 'alice', amount: 1 });
    });
    const asked: { moment: string; first: string }[] = [];

    for (let n = 1; n <= 40; n += 1) {
      const moment = await momentNow();
      asked.push({ moment, first: JSON.stringify(await at(tenant, 'alice', moment)) });
    }
    const again = await Promise.all(
      asked.map(async ({ moment }) => JSON.stringify(await at(tenant, 'alice', moment))),
    );
    open = false;
    await Promise.all(writers);

    expect(again).toEqual(asked.map(({ first }) => first));
    expect(new Set(again).size).toBeGreaterThan(1);
    const last = asked.at(-1);
    expect(JSON.stringify(await at(tenant, 'alice', last?.moment ?? ''))).toBe(last?.first);
    expect(await tenant.violations()).toEqual([]);
  });
});
