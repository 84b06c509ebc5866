import { expect, test } from 'vitest';
import { createWatch } from '../../src/client/index.js';
import type { OpId } from '../../src/domain/index.js';
import { createOpenOperations } from '../../src/ledger/index.js';
import { createSweep, type Finding } from '../../src/reconciler/index.js';
import { eventually } from '../support/eventually.js';
import { aMoneyWorld } from '../support/money-world.js';

// What begins later, from its acceptance to its moment.
const here = aMoneyWorld(80_00);
const hourMs = 3_600_000;

async function scheduled(inMs: number) {
  const account = await here.world.account(100_00);
  const amount = here.ownAmount();
  const opId = await here.world.pay({ account, amount, scheduledAt: Date.now() + inMs });
  const row = await eventually(async () => {
    const { rows } = await here.world.reads.operations(
      here.world.tenant,
      { state: 'PENDING' },
      { limit: 100 },
    );
    const found = rows.find((one) => one.opId === opId);
    if (found === undefined) throw new Error(`${opId} is not listed`);
    return found;
  });
  return { account, amount, opId, row };
}

/** A sweep over all that is open, and what it did about this operation. */
async function swept(opId: OpId): Promise<readonly string[]> {
  const { temporal, taskQueue, database } = here.world;
  const findings: Finding[] = [];
  const sweep = createSweep({
    operations: createOpenOperations(database.database),
    watch: createWatch(temporal, taskQueue),
    applyWaiting: () => Promise.resolve(0),
    prune: () => Promise.resolve({ events: 0, webhooks: 0, findings: 0 }),
    inTrace: (_traceId, _name, work) => work(),
    onFinding: (finding) => void findings.push(finding),
    quietMs: 0,
  });
  await sweep.openOperations(0, () => undefined);
  return findings.filter((one) => one.opId === opId).map(({ action }) => action.kind);
}

test('a payment that begins later is listed at once, and charged once', async () => {
  const { account, amount, opId, row } = await scheduled(4_000);

  expect(row).toMatchObject({ state: 'PENDING', phase: null, amount, outcome: null });
  expect(Date.parse(row.acceptedAt)).toBeLessThan(Date.now());
  expect(await here.world.available(account)).toBe(100_00);
  expect(await here.world.client.result(opId)).toMatchObject({ kind: 'settled', minor: amount });
  expect(await here.world.charges(opId)).toHaveLength(1);
  expect(await here.events(opId)).toEqual(['payment.scheduled', 'hold.held', 'payment.settled']);
  expect(await here.world.disagreeing()).toEqual([]);
});

test('a sweep leaves it alone while it sleeps, and runs it again when it is gone', async () => {
  const { account, opId, row } = await scheduled(hourMs);
  const asleep = await swept(opId);

  await here.world.temporal.workflow.getHandle(opId).terminate('lost');
  const gone = await swept(opId);
  const again = await swept(opId);

  expect([asleep, gone, again]).toEqual([[], ['restart'], []]);
  const open = await createOpenOperations(here.world.database.database).page(0, 200, 0);
  const [found] = open.filter(({ envelope }) => envelope.opId === opId);
  expect(found?.envelope).toMatchObject({ timeBudgetMs: 300_000 });
  const withdrawn = await here.world.client.withdraw(opId);
  const result = await here.world.client.result(opId);
  expect([withdrawn, result]).toMatchObject([{ kind: 'accepted' }, { code: 'withdrawn' }]);
  expect(await here.world.available(account)).toBe(100_00);
  expect((await here.row(opId))?.acceptedAt).toBe(row.acceptedAt);
});

test('a Cancel before its moment withdraws it, and leaves no operation without end', async () => {
  const { account, opId } = await scheduled(hourMs);

  await here.world.temporal.workflow.getHandle(opId).cancel();

  expect(await here.world.client.result(opId)).toMatchObject({ code: 'withdrawn' });
  expect(await here.row(opId)).toMatchObject({ state: 'FAILED' });
  expect(await here.world.available(account)).toBe(100_00);
});
