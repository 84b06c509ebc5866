import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Conflict, Fail } from '../../src/domain/index.js';
import { captureOf } from '../support/envelopes.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();

const key = fc.integer({ min: 1, max: 4 });
const price = fc.constantFrom(10, 10, 10, 25);
const asks = fc.oneof(
  { weight: 2, arbitrary: verb('fund', { amount: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 4, arbitrary: verb('hold', { key, amount: price }) },
  { weight: 3, arbitrary: verb('settle', { key }) },
  { weight: 3, arbitrary: verb('release', { key, amount: price }) },
  {
    weight: 2,
    arbitrary: verb('edit', {
      behind: fc.constantFrom(0, 0, 0, 1),
      status: fc.constantFrom(
        'open' as const,
        'open' as const,
        'frozen' as const,
        'closed' as const,
      ),
      overdraft: fc.constantFrom(0, 5, 50),
    }),
  },
);
function verb<Name extends string, Fields extends object>(
  name: Name,
  fields: { [Field in keyof Fields]: fc.Arbitrary<Fields[Field]> },
) {
  return fc.record({ verb: fc.constant(name), ...fields }) as fc.Arbitrary<
    { readonly verb: Name } & Fields
  >;
}
type Ask = typeof asks extends fc.Arbitrary<infer One> ? One : never;
interface Payment {
  readonly amount: number;
  row?: 'held' | 'captured' | 'released';
  /** What a hold that comes again is told; the hold itself while it is open. */
  end?: string;
}

/** One account as the rules say it behaves: a word for every ask, and what it then holds. */
function createModel() {
  const account = { posted: 0, held: 0, version: 1, overdraft: 0, status: 'open' as string };
  const payments = new Map<number, Payment>();
  function change(posted: number, held: number, word: string): string {
    account.posted += posted;
    account.held += held;
    account.version += 1;
    return word;
  }
  function firstHold(payment: Payment): string {
    if (account.status !== 'open') return `account-${account.status}`;
    const available = account.posted - account.held;
    if (available - payment.amount < -account.overdraft) return 'insufficient-funds';
    payment.row = 'held';
    return change(0, payment.amount, 'held');
  }
  function hold(n: number, amount: number): string {
    const known = payments.get(n);
    if (known) return known.amount === amount ? (known.end ?? 'held') : 'idempotency-key-reused';
    const payment: Payment = { amount };
    payments.set(n, payment);
    const word = firstHold(payment);
    if (word !== 'held') payment.end = word;
    return word;
  }
  function settle(n: number): string {
    const payment = payments.get(n);
    if (payment?.row === 'captured') return 'settled';
    if (payment?.row !== 'held') return `hold-${payment?.row ?? 'missing'}`;
    Object.assign(payment, { row: 'captured', end: 'settled' });
    return change(-payment.amount, -payment.amount, 'settled');
  }
  function release(n: number, amount: number): string {
    const payment = payments.get(n);
    if (payment && payment.amount !== amount) return 'idempotency-key-reused';
    if (payment?.row === 'captured') return 'hold-captured';
    if (!payment) payments.set(n, { amount, row: 'released', end: 'withdrawn' });
    if (payment?.row !== 'held') return 'released';
    Object.assign(payment, { row: 'released', end: 'withdrawn' });
    return change(0, -amount, 'released');
  }
  function edit({ behind, status, overdraft }: Extract<Ask, { verb: 'edit' }>): string {
    if (behind > 0) return 'stale-version';
    if (account.posted - account.held < -overdraft) return 'overdraft-limit-too-low';
    Object.assign(account, { status, overdraft });
    return change(0, 0, 'edited');
  }
  return {
    account,
    amountOf: (n: number) => payments.get(n)?.amount ?? 10,
    answer(ask: Ask): string {
      if (ask.verb === 'hold') return hold(ask.key, ask.amount);
      if (ask.verb === 'settle') return settle(ask.key);
      if (ask.verb === 'release') return release(ask.key, ask.amount);
      if (ask.verb === 'edit') return edit(ask);
      return account.status === 'closed' ? 'account-closed' : change(ask.amount, 0, 'funded');
    },
  };
}

/** What the ledger says to `ask`; `amount` is that of the payment it names. */
async function answered(
  tenant: Tenant,
  ask: Ask,
  amount: number,
  version: number,
): Promise<string> {
  const { ledger } = here.world;
  const payment = (n: number, minor: number) =>
    tenant.payment({ account: 'alice', amount: minor, payTo: 'shop' }, { idemKey: `payment-${n}` });
  const call = (): Promise<Fail | Conflict | { readonly kind: string }> => {
    if (ask.verb === 'fund')
      return ledger.fund(tenant.funding({ account: 'alice', amount: ask.amount }));
    if (ask.verb === 'hold') return ledger.hold(payment(ask.key, ask.amount));
    if (ask.verb === 'release') {
      return ledger.release(payment(ask.key, ask.amount), { kind: 'withdrawn' });
    }
    if (ask.verb === 'edit') {
      const { behind, status, overdraft: overdraftLimit } = ask;
      const seen = version - behind;
      return ledger.editAccount(
        tenant.edit({ account: 'alice', version: seen, status, overdraftLimit }),
      );
    }
    const envelope = payment(ask.key, amount);
    return ledger.settle(envelope.opId, captureOf(envelope));
  };
  const answer = await call();
  if ('reason' in answer) return answer.reason;
  return answer.kind === 'fail' && 'code' in answer ? answer.code : answer.kind;
}

test('one account behaves as its model, whatever is asked of it in whatever order', async () => {
  const heard = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(asks, { maxLength: 50, size: 'max' }), async (sequence) => {
      const tenant = here.aTenant();
      await tenant.open('alice');
      await tenant.open('shop', { kind: 'merchant' });
      const model = createModel();
      for (const ask of sequence) {
        const amount = 'key' in ask ? model.amountOf(ask.key) : 0;
        const version = model.account.version;
        const expected = model.answer(ask);
        heard.add(expected);
        expect(await answered(tenant, ask, amount, version), JSON.stringify(ask)).toBe(expected);
      }
      const { posted, held, version, overdraft, status } = model.account;
      const row = { posted, held, version, overdraftLimit: overdraft, status };
      expect(await tenant.account('alice')).toMatchObject(row);
      expect(await tenant.violations()).toEqual([]);
    }),
    { seed: 20_261, numRuns: 30 },
  );
  // So that a change of the generator cannot quietly leave a case out.
  expect([...heard].sort()).toEqual([
    'account-closed',
    'account-frozen',
    'edited',
    'funded',
    'held',
    'hold-captured',
    'hold-missing',
    'hold-released',
    'idempotency-key-reused',
    'insufficient-funds',
    'overdraft-limit-too-low',
    'released',
    'settled',
    'stale-version',
    'withdrawn',
  ]);
});
