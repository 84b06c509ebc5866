import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { childEnvironment } from '../../src/main/config.js';
import { reconcileScheduleId } from '../../src/main/reconcile-schedule.js';
import { migrationsDir } from '../../src/main/schema.js';
import { createStackProcess, type StackProcess } from '../../src/main/stack-process.js';
import { freePort } from '../../src/servers/port.js';
import { aDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld, workflowBundle } from '../support/running-world.js';

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

test('five workers at once, two of them dying, make one schema and one schedule', async () => {
  const empty = await aDatabase({ empty: true });
  const taskQueue = `queue-${nanoid(8)}`;
  const journal = () => empty.owner<{ hash: string }[]>`
    select hash from drizzle.__drizzle_migrations order by hash`;
  const workers = await Promise.all(
    Array.from({ length: 5 }, () => aWorker(taskQueue, empty.ownerUrl, empty.workerUrl)),
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
      expect(ids).toEqual([reconcileScheduleId(taskQueue)]);
    });
  } finally {
    await Promise.all(workers.map(({ stop }) => stop()));
    await world.temporal.schedule.getHandle(reconcileScheduleId(taskQueue)).delete();
    await empty.drop();
  }
}, 180_000);

/** A worker as production starts it, which may bring the schema to the newest state. */
async function aWorker(taskQueue: string, owner: string, worker: string): Promise<StackProcess> {
  const port = await freePort();
  return createStackProcess({
    ...{ name: 'worker', entry: 'worker', cwd: folder, onProgress: () => undefined },
    args: [join(folder, 'workflows.js')],
    environment: childEnvironment({
      ...{ DATABASE_URL: worker, DATABASE_MIGRATE_URL: owner, HOLDFAST_TASK_QUEUE: taskQueue },
      ...{ TEMPORAL_ADDRESS: world.temporalAddress, TEMPORAL_NAMESPACE: world.namespace },
      ...{ HOST: '127.0.0.1', HEALTH_PORT: `${port}`, METRICS_PORT: 'off' },
      ...{ SANDBOX_PSP_URL: world.providerUrl, LOG_LEVEL: 'warn' },
      PAYLOAD_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    }),
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  });
}
