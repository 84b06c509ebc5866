import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import { runDemo } from '../../src/main/demo-run.js';
import { reconcileScheduleId } from '../../src/main/schedules.js';
import { eventually } from '../support/eventually.js';
import { aStack, type TestStack } from '../support/stack.js';

// The demo's own code, over the stack that it starts: what a person sees is what is proved.
const nobody = () => undefined;
const silent = { onScene: nobody, onProgress: nobody, onBalances: nobody, onAudit: nobody };
let running: TestStack;
let demo: Awaited<ReturnType<typeof runDemo>>;

beforeAll(async () => {
  running = await aStack();
  demo = await runDemo(running.stack, silent);
}, 240_000);
afterAll(() => running?.stop(), 60_000);

test('holds everything that the demo claims', () => {
  expect(demo.failed).toEqual([]);
});

test.each([
  ['20 payments at once', Array(20).fill('COMPLETED settled')],
  ['A payment that the provider declines', ['FAILED declined']],
  ['A payment of more than there is', ['FAILED insufficient-funds']],
  ['A file of 64 MiB, while the worker and the gateway are killed', ['COMPLETED settled']],
  ['A transfer between two accounts', ['COMPLETED settled']],
  ['A payment whose answer the provider loses after charging', ['COMPLETED settled']],
  ['The same key twice, then with another amount', ['COMPLETED settled']],
  [
    'The worker is killed (SIGKILL) in the middle of 10 payments',
    Array(10).fill('COMPLETED settled'),
  ],
  ['A payment that the provider never answers for', ['IN_PROGRESS parked']],
  ['A hold whose capture loses its answer', ['COMPLETED settled']],
  ['A refund whose answer the provider loses', Array(2).fill('COMPLETED settled')],
  [
    'A charge that arrives after its payment was given up',
    ['FAILED time-budget-exceeded', 'COMPLETED returned'],
  ],
  ['A ride that is matched, driven and paid', Array(2).fill('COMPLETED settled')],
  ['A ride that its rider cancels once it is booked', ['COMPLETED settled']],
  [
    'A notice whose first channel refuses, and one of a payment',
    ['COMPLETED sent', 'COMPLETED settled', 'COMPLETED sent'],
  ],
  ['The provider is down, and 20 payments wait for it', Array(23).fill('COMPLETED settled')],
])('ends as the demo shows: %s', (title, ends) => {
  const operations = demo.reports.find((report) => report.title === title)?.operations ?? [];

  expect(
    operations.map(
      ({ state, phase, outcome }) => `${state} ${outcome?.code ?? outcome?.kind ?? phase}`,
    ),
  ).toEqual(ends);
});

test('leaves provider and ledger with the same charges, one for each settled payment', () => {
  const { provider, ours } = demo.audit;

  expect(provider).toEqual(ours);
  expect(provider.charges).toBe(32 + 1 + 1 + 2 + 23);
});

test('leaves every account where its entries and holds say', () => {
  const customers = demo.audit.accounts.filter(
    ({ kind, currency }) => kind === 'customer' && currency === 'EUR',
  );

  expect(demo.audit.accounts.filter(({ agrees }) => !agrees)).toEqual([]);
  expect(new Set(customers.map(({ available }) => available))).toEqual(
    new Set([
      1_014_03 - 12_00 - 15_00 + 5_00 - 27_50 - 5_00 - 23 * 2_00,
      ...[192_40 - 9_00, 25_00 + 9_00, 5_00],
    ]),
  );
});

test('lets every event leave', async () => {
  const database = createDatabase({
    ...{ url: running.stack.readerUrl, poolMax: 1, applicationName: 'test-events' },
  });
  await eventually(async () => {
    const [left] = await database.sql<{ published: number; waiting: number }>`
      select count(published_at)::int as published,
             (count(*) - count(published_at))::int as waiting from ledger.outbox`;
    expect(left?.waiting).toBe(0);
    expect(left?.published).toBeGreaterThan(60);
  });
  await database.close(1_000);
});

test('keeps the schedule of the sweep, which has run and failed at nothing', async () => {
  const { temporal, namespace } = running.stack;
  const connection = await Connection.connect({ address: temporal.address });
  const client = new Client({ connection, namespace });
  const handle = client.schedule.getHandle(reconcileScheduleId('holdfast'));

  await handle.trigger();
  const sweep = await eventually(async () => {
    const { info } = await handle.describe();
    const last = info.recentActions.at(-1);
    if (last?.action.type !== 'startWorkflow') throw new Error('not started yet');
    return last.action.workflow.workflowId;
  });

  // It came to the end of everything, and begins anew.
  expect(await client.workflow.getHandle(sweep).result()).toEqual({
    ...{ after: 0, before: null, finding: 0, object: null },
    checked: { event: expect.any(Number), operation: 1 },
  });
  await connection.close();
});

test('leaves no process behind when the stack stops', async () => {
  const { worker, gateway, sandbox, relay, temporal } = running.stack;
  const pids = [worker, gateway, sandbox, relay, temporal].map(({ pid }) => pid);

  await running.stop();

  expect(pids).not.toContain(undefined);
  expect(pids.filter((pid) => isRunning(pid ?? 0))).toEqual([]);
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
