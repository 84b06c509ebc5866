import { describe, expect, test } from 'vitest';
import { captureOf, declineOf } from '../support/envelopes.js';
import { aWorld } from './world.js';

const here = aWorld();
const times = <T>(count: number, make: (n: number) => T): T[] =>
  Array.from({ length: count }, (_, n) => make(n));
const counted = (words: readonly string[]) =>
  Object.fromEntries(
    [...new Set(words)].sort().map((word) => [word, words.filter((each) => each === word).length]),
  );
const wordOf = (answer: { readonly kind: string; readonly code?: string }) =>
  answer.code ?? answer.kind;

describe('at once', () => {
  test('128 holds on an account with funds for 100: exactly 100 held, 28 refused', async () => {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });

    const answers = await Promise.all(
      times(128, () => here.world.ledger.hold(tenant.payment({ account: 'alice', amount: 1 }))),
    );

    expect(counted(answers.map(wordOf))).toEqual({ held: 100, 'insufficient-funds': 28 });
    expect(await tenant.balance('alice')).toEqual({ posted: 100, held: 100, available: 0 });
    expect(await tenant.account('alice')).toMatchObject({ version: 102 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('128 holds on an account of eight slots with funds for 100: the same', async () => {
    const tenant = here.aTenant();
    await tenant.open('shop', { kind: 'merchant', slots: 8, funds: 100 });
    await tenant.open('bob');

    const answers = await Promise.all(
      times(128, () =>
        here.world.ledger.hold(tenant.payment({ account: 'shop', amount: 1, payTo: 'bob' })),
      ),
    );

    expect(counted(answers.map(wordOf))).toEqual({ held: 100, 'insufficient-funds': 28 });
    expect(await tenant.balance('shop')).toEqual({ posted: 100, held: 100, available: 0 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('transfers both ways between two accounts: no deadlock, the sum stays', async () => {
    const tenant = here.aTenant();
    const { ledger } = here.world;
    await tenant.open('alice', { funds: 20_000 });
    await tenant.open('bob', { funds: 20_000 });

    const kinds = await Promise.all(
      times(200, async (n) => {
        const [account, payTo] = n % 2 === 0 ? ['alice', 'bob'] : ['bob', 'alice'];
        const envelope = await tenant.held({ account, payTo, amount: n + 1, method: 'balance' });
        return (await ledger.settle(envelope.opId, { kind: 'internal' })).kind;
      }),
    );

    expect(counted(kinds)).toEqual({ settled: 200 });
    const [alice, bob] = [await tenant.balance('alice'), await tenant.balance('bob')];
    expect([alice.held, bob.held]).toEqual([0, 0]);
    expect(bob.posted - alice.posted).toBe(-200);
    expect(alice.posted + bob.posted).toBe(40_000);
    expect(await tenant.violations()).toEqual([]);
  });

  test('fundings, holds and edits of one account: each is an entry, none is lost', async () => {
    const tenant = here.aTenant();
    const { ledger } = here.world;
    await tenant.open('alice', { funds: 100 });

    const words = await Promise.all(
      times(90, async (n) => {
        if (n % 3 === 0)
          return wordOf(await ledger.fund(tenant.funding({ account: 'alice', amount: 1 })));
        if (n % 3 === 1)
          return wordOf(await ledger.hold(tenant.payment({ account: 'alice', amount: 1 })));
        const { version } = await tenant.account('alice');
        return wordOf(
          await ledger.editAccount(tenant.edit({ account: 'alice', version, overdraftLimit: n })),
        );
      }),
    );

    const { edited = 0, ...rest } = counted(words);
    expect(rest).toEqual({ funded: 30, held: 30, 'stale-version': 30 - edited });
    expect(await tenant.account('alice')).toMatchObject({
      posted: 130,
      held: 30,
      version: 62 + edited,
    });
    expect(await tenant.violations()).toEqual([]);
  });

  test('first payments of a tenant without a merchant: one merchant is opened', async () => {
    const tenant = here.aTenant();
    const names = times(16, (n) => `customer-${n}`);
    for (const name of names) await tenant.open(name, { funds: 10 });

    const answers = await Promise.all(
      names.map((account) => here.world.ledger.hold(tenant.payment({ account, amount: 1 }))),
    );

    expect(
      counted(answers.map((answer) => ('payee' in answer ? answer.payee : wordOf(answer)))),
    ).toEqual({
      'merchant:EUR': 16,
    });
    expect(await tenant.violations()).toEqual([]);
  });
});

describe('exactly one wins, 150 times', () => {
  test('when a release races its hold', async () => {
    const tenant = here.aTenant();
    const { ledger } = here.world;
    await tenant.open('alice', { funds: 1_000 });
    const outcomes = await inBatches(150, async (n) => {
      const envelope = tenant.payment({ account: 'alice', amount: 1 });
      const release = () => ledger.release(envelope, { kind: 'withdrawn' });
      const [first, second] = await Promise.all(
        n % 2 === 0 ? [ledger.hold(envelope), release()] : [release(), ledger.hold(envelope)],
      );
      const [held, released] = first.kind === 'released' ? [second, first] : [first, second];
      return `${wordOf(held)}, ${released.kind}, ${'minor' in released ? released.minor : '-'}`;
    });

    const allowed = ['held, released, 1', 'withdrawn, released, 0'];
    expect(outcomes.filter((outcome) => !allowed.includes(outcome))).toEqual([]);
    expect(await tenant.balance('alice')).toEqual({ posted: 1_000, held: 0, available: 1_000 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('when two settles race two releases', async () => {
    const tenant = here.aTenant();
    const { ledger } = here.world;
    await tenant.open('alice', { funds: 1_000 });
    await tenant.open('shop', { kind: 'merchant' });
    const outcomes = await inBatches(150, async (n) => {
      const envelope = await tenant.held({ account: 'alice', amount: 1 });
      const settle = () => ledger.settle(envelope.opId, captureOf(envelope));
      const release = () => ledger.release(envelope, declineOf(envelope));
      const order =
        n % 2 === 0 ? [settle, release, settle, release] : [release, settle, release, settle];
      const answers = await Promise.all(order.map((verb) => verb()));
      return answers
        .map((answer) => ('reason' in answer ? answer.reason : answer.kind))
        .sort()
        .join(', ');
    });

    const { settled = 0, released = 0 } = counted(
      outcomes.map((outcome) => outcome.split(', ').at(-1) ?? ''),
    );
    const allowed = [
      'hold-captured, hold-captured, settled, settled',
      'hold-released, hold-released, released, released',
    ];
    expect(outcomes.filter((outcome) => !allowed.includes(outcome))).toEqual([]);
    expect(settled + released).toBe(150);
    expect(await tenant.balance('alice')).toEqual({
      posted: 1_000 - settled,
      held: 0,
      available: 1_000 - settled,
    });
    expect(await tenant.balance('shop')).toMatchObject({ posted: settled });
    expect(await tenant.violations()).toEqual([]);
  });

  /** `count` rounds, ten of them at a time. */
  async function inBatches<T>(count: number, round: (n: number) => Promise<T>): Promise<T[]> {
    const done: T[] = [];
    for (let n = 0; n < count; n += 10) {
      done.push(...(await Promise.all(times(10, (within) => round(n + within)))));
    }
    return done;
  }
});
