import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reconcileScheduleId, verifyScheduleId } from '../../src/main/schedules.js';
import { migrationsDir } from '../../src/main/schema.js';
import { aDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld, workflowBundle } from '../support/running-world.js';
import { aWorker } from './a-worker.js';

let world: RunningWorld;
let folder: string;
beforeAll(async () => {
  world = await aRunningWorld();
  folder = await mkdtemp(join(tmpdir(), 'holdfast-start-'));
  const bundle = await workflowBundle();
  if ('code' in bundle) await writeFile(join(folder, 'workflows.js'), bundle.code);
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

test('five workers at once, two of them dying, make one schema, and schedules once', async () => {
  const empty = await aDatabase({ empty: true });
  const taskQueue = `queue-${nanoid(8)}`;
  const schedules = [reconcileScheduleId(taskQueue), verifyScheduleId(taskQueue)];
  const { workerUrl: DATABASE_URL, ownerUrl: DATABASE_MIGRATE_URL } = empty;
  const environment = { DATABASE_URL, DATABASE_MIGRATE_URL };
  const journal = () => empty.owner<{ hash: string }[]>`
    select hash from drizzle.__drizzle_migrations order by hash`;
  const workers = await Promise.all(
    Array.from({ length: 5 }, () => aWorker({ world, folder, taskQueue, environment })),
  );
  try {
    const starting = workers.map(({ start }) => start());
    await eventually(async () => expect(await journal()).not.toEqual([]), { everyMs: 10 });
    await Promise.all(workers.slice(0, 2).map(({ kill }) => kill()));
    await Promise.all([...starting, ...workers.slice(0, 2).map(({ start }) => start())]);

    const files = readMigrationFiles({ migrationsFolder: migrationsDir });
    expect(await journal()).toEqual(
      files.map(({ hash }) => ({ hash })).sort((one, other) => (one.hash < other.hash ? -1 : 1)),
    );
    const { schedule } = world.temporal;
    await eventually(async () => {
      const ids: string[] = [];
      for await (const { scheduleId } of schedule.list()) {
        if (scheduleId.includes(taskQueue)) ids.push(scheduleId);
      }
      expect(ids.sort()).toEqual(schedules);
    });
  } finally {
    await Promise.all(workers.map(({ stop }) => stop()));
    for (const id of schedules) await world.temporal.schedule.getHandle(id).delete();
    await empty.drop();
  }
}, 180_000);
