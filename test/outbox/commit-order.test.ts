import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { createEvents } from '../../src/ledger/index.js';
import { createRelay } from '../../src/outbox/index.js';
import { aWorld } from '../ledger/world.js';
import { eventually } from '../support/eventually.js';

const here = aWorld();
let worker: Database;
let slow: Database;
let gate: Database;
beforeAll(() => {
  const { workerUrl, ownerUrl } = here.world.urls;
  const open = (url: string, name: string) =>
    createDatabase({ url, poolMax: 1, applicationName: `test-${name}` });
  worker = open(workerUrl, 'relay');
  slow = open(ownerUrl, 'slow');
  gate = open(ownerUrl, 'gate');
});
afterAll(() => Promise.all([worker, slow, gate].map((database) => database.close(1_000))));

test('loses no event whose transaction commits after one with a later number', async () => {
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 100 });
  await tenant.open('bob', { funds: 100 });
  const { taken, drain } = await aSink();
  await drain();
  const early = { ...tenant.payment({ account: 'alice', amount: 10 }), run: 'run-1' };
  await gate.sql`select pg_advisory_lock(7)`;
  // Its event has a number already; it commits when the gate opens.
  const held = slow.sql`
    with held as materialized (select ledger.hold_v3(${JSON.stringify(early)}::text::jsonb) as it)
    select it ->> 'kind' as kind, pg_advisory_xact_lock(7) from held`;
  await eventually(async () => expect(await atTheGate()).toBe(1));
  const late = await tenant.held({ account: 'bob', amount: 10 });

  await drain();
  const before = [...taken];
  await gate.sql`select pg_advisory_unlock(7)`;
  expect(await held).toMatchObject([{ kind: 'held' }]);
  await drain();

  expect(before).toContain(late.opId);
  expect(before).not.toContain(early.opId);
  expect(taken.filter((opId) => opId === early.opId)).toHaveLength(1);
  const inOrder = await here.world.rows<{ subject: string }>(
    `select subject from ledger.outbox where subject in ($1, $2) order by id`,
    ...[early.opId, late.opId],
  );
  expect(inOrder.map(({ subject }) => subject)).toEqual([early.opId, late.opId]);
});

async function atTheGate(): Promise<number | undefined> {
  const [row] = await here.world.rows<{ n: number }>(
    `select count(*)::int as n from pg_stat_activity
      where application_name = 'test-slow' and wait_event = 'advisory'`,
  );
  return row?.n;
}

async function aSink() {
  const taken: string[] = [];
  const events = createEvents(worker, 'log');
  await events.open();
  const relay = createRelay({
    events,
    sink: {
      publish: async ({ subject }) => {
        taken.push(subject);
        return undefined;
      },
    },
    onFault: () => undefined,
  });
  const drain = async () => {
    while ((await relay.once()) > 0);
  };
  return { taken, drain };
}
