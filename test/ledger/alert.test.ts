import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { createAlerts, createPulse, createStanding } from '../../src/ledger/index.js';
import { captureOf } from '../support/envelopes.js';
import { aWorld } from './world.js';

const here = aWorld();
let database: Database;
beforeAll(() => {
  const url = here.world.urls.workerUrl;
  database = createDatabase({ url, poolMax: 4, applicationName: 'test-alert' });
});
afterAll(() => database.close(1_000));

test('tells once of money that is held for an operation that has ended', async () => {
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 100 });
  const [settled, leaking] = await Promise.all([
    tenant.held({ account: 'alice', amount: 10 }),
    tenant.held({ account: 'alice', amount: 20 }),
  ]);
  await here.world.ledger.settle(settled.opId, captureOf(settled));
  const alerts = createAlerts(database);
  // The database is as old as this run: by now nobody may have swept it for minutes.
  await createPulse(database)();
  const before = await alerts.look(180_000);
  const sound = await createStanding(database)();

  await here.world.rows(
    `update ledger.operation set state = 'COMPLETED', phase = null, outcome = '{}'
      where op_id = '${leaking.opId}'`,
  );
  const raised = [await alerts.look(180_000), await alerts.look(180_000)];
  const lent = await alerts.lease(10, 60_000);

  expect([before, sound.holdsLeaked]).toEqual([0, 0]);
  expect((await createStanding(database)()).holdsLeaked).toBe(1);
  expect(raised).toEqual([1, 0]);
  expect(lent).toMatchObject([
    {
      ...{ kind: 'leak', subject: leaking.opId },
      detail: { tenant: tenant.tenant, opId: leaking.opId, minor: 20, currency: 'EUR' },
    },
  ]);
  expect(await alerts.lease(10, 60_000)).toEqual([]);
  expect([await alerts.waiting(), await alerts.markSent(lent[0]?.id ?? 0)]).toEqual([1, true]);
  expect(await alerts.waiting()).toBe(0);
});

test('lends an alert to one of many, and says how many operations are open', async () => {
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 100 });
  await tenant.held({ account: 'alice', amount: 10 });
  const alerts = createAlerts(database);
  await Promise.all([1, 2, 3].map((n) => alerts.raise('workflow-frozen', `op_${n}`, {})));

  const lent = await Promise.all([1, 2, 3, 4].map(() => alerts.lease(2, 60_000)));

  expect(
    lent
      .flat()
      .map(({ subject }) => subject)
      .toSorted(),
  ).toEqual(['op_1', 'op_2', 'op_3']);
  const { open } = await createStanding(database)();
  expect(open).toMatchObject([{ state: 'IN_PROGRESS', age: 'minute', operations: 1 }]);
});
