import { minus, plus } from '../domain/index.js';
import type { BalanceCheck } from '../ledger/reads.js';
import { accounts, balanceOf, check } from './demo-scenes.js';
import { type Check, currency, type DemoWorld } from './demo-world.js';
import { type BalanceBody, isAtRest, type OperationBody } from './http-api.js';

/** Every account of the demo as it stands. */
export function balances(world: DemoWorld): Promise<BalanceBody[]> {
  return Promise.all(Object.values(accounts).map((account) => balanceOf(world, account)));
}

/** Sums and counts of one book. */
export interface Book {
  readonly charges: number;
  readonly sum: number;
}

/** What was looked at when all was over. */
export interface Audit {
  readonly provider: Book;
  readonly ours: Book;
  readonly accounts: readonly BalanceCheck[];
  readonly checks: readonly Check[];
}

/** Compares the provider's ledger with ours, and ours with itself. `transfers` have no charge. */
export async function audit(world: DemoWorld, transfers: readonly string[]): Promise<Audit> {
  const operations = await allOperations(world);
  const [charges, rows] = await Promise.all([
    world.charges(),
    world.reads.balanceCheck(world.tenant),
  ]);
  const settled = operations
    .filter(
      ({ opId, domain, state }) =>
        isCharged(domain) && state === 'COMPLETED' && !transfers.includes(opId),
    )
    // What a ride was to cost is not what it cost.
    .map(({ opId, outcome, amount }) => ({ opId, amount: outcome?.amount ?? amount ?? 0 }));
  // What came after the end of a payment and went back whole is in nobody's books.
  const ended = new Set(settled.map(({ opId }) => opId));
  const kept = charges.filter(({ opId, amount, refunded }) => ended.has(opId) || refunded < amount);
  const ours = bookOf(settled.map(({ amount }) => amount));
  const provider = bookOf(kept.map(({ amount }) => amount));
  const lines = (all: readonly { opId: string; amount: number }[]) =>
    all
      .map(({ opId, amount }) => `${opId} ${amount}`)
      .sort()
      .join();
  const restless = operations.filter((one) => !isAtRest(one));
  const crooked = rows.filter(({ agrees }) => !agrees);
  // Bytes are no money.
  const total = totalOf(rows.filter((row) => row.currency === currency));
  return {
    ...{ provider, ours, accounts: [...rows, total] },
    checks: [
      check(
        'every operation is final or in front of a person',
        restless.length === 0,
        `${operations.length - restless.length} of ${operations.length}`,
      ),
      check(
        'provider and ledger hold the same charges',
        lines(kept) === lines(settled),
        `${provider.charges} against ${ours.charges}`,
      ),
      check('their sums agree', provider.sum === ours.sum, `${provider.sum} against ${ours.sum}`),
      check(
        'available = funded + received + refunded - held - settled, per account',
        crooked.length === 0 && rows.length > 0,
        `${rows.length - crooked.length} of ${rows.length} accounts`,
      ),
      check(
        'the same in total, over all accounts of the tenant',
        total.agrees,
        `${total.available} = ${total.funded} + ${total.received} + ${total.refunded} ` +
          `- ${total.held} - ${total.settled}`,
      ),
    ],
  };
}

function isCharged(domain: string): boolean {
  return domain === 'Payment' || domain === 'Ride';
}

function bookOf(amounts: readonly number[]): Book {
  return { charges: amounts.length, sum: plus(0, ...amounts) };
}

function totalOf(rows: readonly BalanceCheck[]): BalanceCheck {
  const sum = (of: (row: BalanceCheck) => number) => rows.reduce((all, row) => all + of(row), 0);
  const [funded, received, refunded] = [
    sum((row) => row.funded),
    sum((row) => row.received),
    sum((row) => row.refunded),
  ];
  const [held, settled, available] = [
    sum((row) => row.held),
    sum((row) => row.settled),
    sum((row) => row.available),
  ];
  return {
    account: 'total' as BalanceCheck['account'],
    currency: rows[0]?.currency ?? 'EUR',
    kind: '',
    ...{ funded, received, refunded, held, settled, available },
    agrees: available === minus(plus(funded, received, refunded), held, settled),
  };
}

const pagesMax = 50;

async function allOperations({ api }: DemoWorld): Promise<readonly OperationBody[]> {
  const all: OperationBody[] = [];
  let cursor = '';
  for (let page = 0; page < pagesMax; page += 1) {
    const { status, body } = await api.get<{ data: OperationBody[]; next?: string | null }>(
      `/v1/operations?limit=100${cursor}`,
    );
    if (!('data' in body)) throw new Error(`operations cannot be listed: ${status} ${body.code}`);
    all.push(...body.data);
    if (body.next === undefined || body.next === null) break;
    cursor = `&cursor=${encodeURIComponent(body.next)}`;
  }
  return all;
}
