import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { createOpenOperations, type OpenOperations } from '../../src/ledger/index.js';
import { captureOf } from '../support/envelopes.js';
import { eventually } from '../support/eventually.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();
let database: Database;
let operations: OpenOperations;
let tenant: Tenant;
beforeAll(async () => {
  const url = here.world.urls.workerUrl;
  database = createDatabase({ url, poolMax: 1, applicationName: 'test-open' });
  operations = createOpenOperations(database);
  tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 1_000 });
});
afterAll(() => database.close(1_000));

test('gives back the envelope that an operation was accepted with', async () => {
  const sealed = Buffer.alloc(300, 5).toString('base64');
  const plain = await tenant.held({ account: 'alice', amount: 10 });
  const whole = await tenant.held(
    { account: 'alice', amount: 10, payTo: 'shop' },
    { sealed, bizKey: 'order-1', actor: 'clerk', acceptedAt: Date.now() - 123 },
  );

  const page = await operations.page(0, 10, 0);

  const of = (opId: string) => page.find(({ envelope }) => envelope.opId === opId);
  expect(of(plain.opId)?.envelope).toEqual(plain);
  expect(of(whole.opId)).toMatchObject({
    envelope: whole,
    isOverdue: false,
    hasBlindCapture: false,
  });
});

test('goes through open operations page by page, each once', async () => {
  for (let n = 0; n < 3; n += 1) await tenant.held({ account: 'alice', amount: 1 });
  const ended = await tenant.held({ account: 'alice', amount: 1 });
  await here.world.ledger.settle(ended.opId, captureOf(ended));
  const whole = await operations.page(0, 100, 0);

  const seen: string[] = [];
  for (let after: number | undefined = 0; after !== undefined; ) {
    const page = await operations.page(after, 2, 0);
    seen.push(...page.map(({ envelope }) => envelope.opId));
    after = page.at(-1)?.id;
  }

  expect(seen).toEqual(whole.map(({ envelope }) => envelope.opId));
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen).not.toContain(ended.opId);
});

test('leaves out what something happened to a moment ago', async () => {
  await tenant.held({ account: 'alice', amount: 1 });

  expect(await operations.page(0, 100, 60_000)).toEqual([]);
});

test.each([
  ['without its charge', {}, true],
  ['with its charge', { chargeId: 'ch_1' }, false],
])('says of a capture that was begun %s whether another run can ask', async (_, more, blind) => {
  const held = await tenant.held({ account: 'alice', amount: 10, capture: 'manual' });
  const asked = { step: 'capture.1', minor: 5, final: false, tolerancePercent: 0, ...more };
  await here.world.ledger.beginCapture(held.opId, asked);

  const page = await operations.page(0, 100, 0);

  const found = page.find(({ envelope }) => envelope.opId === held.opId);
  expect(found?.hasBlindCapture).toBe(blind);
});

test('says which operations ended, and how long ago at least', async () => {
  const [open, ended] = [
    await tenant.held({ account: 'alice', amount: 1 }),
    await tenant.held({ account: 'alice', amount: 1 }),
  ];
  await here.world.ledger.settle(ended.opId, captureOf(ended));
  const both = [open.opId, ended.opId];

  expect(await operations.ended(both, 0)).toEqual([ended.opId]);
  expect(await operations.ended(both, 60_000)).toEqual([]);
  expect(await operations.ended([], 0)).toEqual([]);
});

// Its clock only says that time is over; what that means the workflow finds out.
test('finds what is open by its index, however much has ended', async () => {
  await tenant.held({ account: 'alice', amount: 1 });
  await here.world.rows(`
    insert into ledger.operation (op_id, tenant, trace, principal, actor, domain, event_type,
             biz_key, idem_key, fingerprint, digests, command, state, outcome, accepted_at,
             updated_at, budget_ends_at)
    select 'op_old' || n, tenant, trace, principal, actor, domain, event_type, biz_key, 'old' || n,
           fingerprint, digests, command, 'FAILED', '{"kind": "fail"}', accepted_at, updated_at,
           budget_ends_at
      from ledger.operation, generate_series(1, 20000) n
     where id = (select max(id) from ledger.operation)`);
  await here.world.rows('analyze ledger.operation');
  const scans = async () => {
    const [row] = await here.world.rows<{ whole: number; index: number }>(`
      select (select seq_scan from pg_stat_user_tables where relname = 'operation') as whole,
             (select idx_scan from pg_stat_user_indexes
               where indexrelname = 'operation_open') as index`);
    return row ?? { whole: 0, index: 0 };
  };
  const before = await settledScans(scans);

  await operations.page(0, 200, 0);

  const after = await eventually(async () => {
    const now = await scans();
    if (now.index <= before.index) throw new Error('the index was not used');
    return now;
  });
  expect(after.whole).toBe(before.whole);
});

/** Statistics come late: those that stand still for two looks are all there are. */
async function settledScans<Scans extends object>(scans: () => Promise<Scans>): Promise<Scans> {
  await here.world.rows('select pg_stat_force_next_flush()');
  return eventually(async () => {
    const [one, other] = [await scans(), await scans()];
    expect(other).toEqual(one);
    return other;
  });
}
