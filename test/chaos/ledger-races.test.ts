import { afterAll, expect, test } from 'vitest';
import { type Envelope, type RefundCommand, referenceOf } from '../../src/domain/index.js';
import { wordOf } from '../ledger/word-of.js';
import { aWorld, type Tenant } from '../ledger/world.js';
import { captureOf } from '../support/envelopes.js';
import { type Draw, swept } from '../support/rounds.js';

const here = aWorld();
const booksOf = ({ tenant }: Tenant) => ({ tenant, rows: here.world.rows });
const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));
const count = (words: readonly string[], word: string) =>
  words.filter((one) => one === word).length;

test('hot-account: it holds exactly what it has', async (context) => {
  const tenant = here.aTenant();
  const books = booksOf(tenant);

  const { violations } = await swept(context, 'hot-account', { books }, async (draw, n) => {
    const account = `hot-${n}`;
    const [asking, funds] = [draw.whole(128, 500), draw.whole(1, 127)];
    await tenant.open(account, { funds });
    const words = await Promise.all(
      times(asking, async () =>
        wordOf(await here.world.ledger.hold(tenant.payment({ account, amount: 1 }))),
      ),
    );

    expect(count(words, 'held')).toBe(funds);
    expect(count(words, 'insufficient-funds')).toBe(asking - funds);
    expect(await tenant.balance(account)).toEqual({ posted: funds, held: funds, available: 0 });
  });

  expect(violations).toEqual([]);
});

test('transfer-ring: transfers round a ring of accounts keep their sum', async (context) => {
  const tenant = here.aTenant();
  const books = booksOf(tenant);

  const { violations } = await swept(context, 'transfer-ring', { books }, async (draw, n) => {
    const ring = times(draw.whole(2, 8), (at) => `ring-${n}-${at}`);
    const funds = 1_000;
    for (const account of ring) await tenant.open(account, { funds });
    const words = await Promise.all(
      times(64, async () => {
        const at = draw.whole(0, ring.length - 1);
        const way = draw.one([1, ring.length - 1]);
        const [account = '', payTo = ''] = [ring[at], ring[(at + way) % ring.length]];
        const amount = draw.whole(1, 100);
        const envelope = tenant.payment({ account, payTo, amount, method: 'balance' });
        const held = await here.world.ledger.hold(envelope);
        if (held.kind !== 'held') return wordOf(held);
        return wordOf(await here.world.ledger.settle(envelope.opId, { kind: 'internal' }));
      }),
    );

    expect(count(words, 'settled') + count(words, 'insufficient-funds')).toBe(64);
    const balances = await Promise.all(ring.map((account) => tenant.balance(account)));
    expect(balances.reduce((sum, { posted }) => sum + posted, 0)).toBe(ring.length * funds);
    expect(balances.every(({ held, available }) => held === 0 && available >= 0)).toBe(true);
  });

  expect(violations).toEqual([]);
});

test('many-refunds: a hundred at once give back no more than was captured', async (context) => {
  const { ledger } = here.world;
  const tenant = here.aTenant();
  const books = booksOf(tenant);

  /** One refund to its end: sent back, or refused by the provider. */
  async function refund(envelope: Envelope<RefundCommand>, isRefused: boolean) {
    const held = await ledger.holdRefund(envelope);
    if (held.kind !== 'held') return { word: wordOf(held), minor: 0 };
    if (isRefused) {
      const because = { kind: 'never-charged', code: 'provider-refused' } as const;
      return { word: wordOf(await ledger.release(envelope, because)), minor: 0 };
    }
    const reference = referenceOf(envelope.opId, 'refund.1', 1);
    const { minor } = held;
    const proof = { kind: 'refunded', reference, chargeId: 'ch', minor, currency: 'EUR' } as const;
    const move = { step: 'refund', final: true };
    return { word: wordOf(await ledger.settle(envelope.opId, proof, move)), minor };
  }

  const { violations } = await swept(context, 'many-refunds', { books }, async (draw, n) => {
    const [account, shop, captured] = [`payer-${n}`, `shop-${n}`, draw.whole(100, 1_000)];
    await tenant.open(account, { funds: captured });
    // More than enough from elsewhere: only what was captured may hold a refund back.
    await tenant.open(shop, { kind: 'merchant', funds: 100_000 });
    const paid = await tenant.held({ account, amount: captured, payTo: shop });
    await ledger.settle(paid.opId, captureOf(paid));
    const payment = paid.opId;
    const ends = await Promise.all(
      times(100, () => {
        const asked = { payment, account, amount: draw.whole(1, 50) };
        return refund(tenant.refund(asked), draw.whole(1, 4) === 1);
      }),
    );
    const rest = await refund(tenant.refund({ payment, account }), false);

    const all = [...ends, rest];
    const allowed = ['settled', 'released', 'refund-exceeds-captured'];
    expect(all.filter(({ word }) => !allowed.includes(word))).toEqual([]);
    expect(all.reduce((sum, { minor }) => sum + minor, 0)).toBe(captured);
    expect(await tenant.balance(account)).toMatchObject({ posted: captured, held: 0 });
    expect(await tenant.balance(shop)).toMatchObject({ posted: 100_000, held: 0 });
  });

  expect(violations).toEqual([]);
});

// Last, since it moves the clock that all of this database go by.
test('expiry-or-settle: a hold is settled or expired, whatever the clock says', async (context) => {
  const { ledger } = here.world;
  const tenant = here.aTenant();
  const books = booksOf(tenant);
  await tenant.open('alice', { funds: 1_000_000 });
  await tenant.open('shop', { kind: 'merchant' });
  const before = await tenant.account('shop');
  let settled = 0;

  const { violations } = await swept(context, 'expiry-or-settle', { books }, async (draw) => {
    const endsAt = Date.now() + draw.whole(60_000, 600_000);
    const asked = { account: 'alice', amount: 10, capture: 'multiple', payTo: 'shop' } as const;
    // The clock stands where the round before left it.
    const timeBudgetMs = 24 * 3_600_000;
    const envelope = await tenant.held({ ...asked, holdExpiresAt: endsAt }, { timeBudgetMs });
    const { opId } = envelope;
    await clockAt(endsAt + draw.whole(-50, 50));
    const capture = { minor: 10, final: true, tolerancePercent: 0 };
    await ledger.beginCapture(opId, { step: 'capture.1', ...capture });
    const reference = referenceOf(opId, 'capture.1', 1);
    const settle = () =>
      ledger.settle(opId, captureOf(envelope, { reference }), { step: 'settle.1', final: true });
    const voided = { kind: 'voided', reference: referenceOf(opId, 'authorize.1', 1) } as const;
    const expire = () =>
      ledger.release(envelope, { ...voided, chargeId: 'ch', code: 'hold-expired' });
    const extend = () => ledger.extendHold(opId, 'extend.1', endsAt + 1_000);
    const words = await shuffled<string>(draw, [
      ...[settle, settle, expire, expire].map((verb) => async () => wordOf(await verb())),
      async () => wordOf(await extend()).replace('invalid-state', 'extended'),
    ]);

    const won = words.includes('settled');
    settled += won ? 1 : 0;
    expect(words.sort()).toEqual(
      won
        ? ['extended', 'hold-captured', 'hold-captured', 'settled', 'settled']
        : ['extended', 'hold-released', 'hold-released', 'released', 'released'],
    );
  });

  expect(violations).toEqual([]);
  expect((await tenant.account('shop')).posted - before.posted).toBe(settled * 10);
  expect((await tenant.account('alice')).held).toBe(0);
});
afterAll(async () => {
  await clockAt(Date.now());
});

/** The database's clock, moved so that it now is `at`; the machine's goes on. */
async function clockAt(at: number): Promise<void> {
  const shiftMs = at - Date.now();
  await here.world.rows(
    `create or replace function ledger.clock() returns timestamptz language sql volatile as
     $$ select clock_timestamp() + interval '${shiftMs} milliseconds' $$`,
  );
}

/** All at once, in an order that is drawn. */
function shuffled<T>(draw: Draw, calls: readonly (() => Promise<T>)[]): Promise<T[]> {
  const turn = draw.whole(0, calls.length - 1);
  const turned = [...calls.slice(turn), ...calls.slice(0, turn)];
  return Promise.all((draw.whole(0, 1) === 1 ? turned.reverse() : turned).map((call) => call()));
}
