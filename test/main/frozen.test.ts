import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWatch } from '../../src/client/index.js';
import type { OpId } from '../../src/domain/index.js';
import { reconcileScheduleId, verifyScheduleId } from '../../src/main/schedules.js';
import { freePort } from '../../src/servers/port.js';
import { eventually } from '../support/eventually.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { aWorker } from './a-worker.js';

let world: RunningWorld;
let folder: string;
beforeAll(async () => {
  world = await aRunningWorld();
  folder = await mkdtemp(join(tmpdir(), 'holdfast-frozen-'));
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./broken-workflows.ts', import.meta.url)),
    plugins: [world.tracing.plugin],
    logger: new DefaultLogger('ERROR'),
  });
  await writeFile(join(folder, 'workflows.js'), code);
});
afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

const patiently = { timeoutMs: 120_000, everyMs: 500 };

test('a workflow that a bug has stopped raises the alarm within two minutes', async () => {
  const [taskQueue, metricsPort] = [`queue-${nanoid(8)}`, await freePort()];
  const lines: Record<string, unknown>[] = [];
  const worker = await aWorker({
    ...{ world, folder, taskQueue },
    environment: { DATABASE_URL: world.database.workerUrl, METRICS_PORT: `${metricsPort}` },
    onLine: (_, line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const frozen = async () => {
    const answer = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    const [, value] = /^holdfast_workflows_frozen\{.*\} (\d+)$/m.exec(await answer.text()) ?? [];
    return Number(value);
  };
  const schedule = world.temporal.schedule.getHandle(reconcileScheduleId(taskQueue));
  try {
    await worker.start();
    // The sweep is not in this bundle: it would be stopped as well.
    await schedule.pause();
    const workflowId = `op_${nanoid()}` as OpId;
    await world.temporal.workflow.start('broken', { taskQueue, workflowId, args: [] });

    await eventually(async () => expect(await frozen()).toBe(1), patiently);
    const alarms = lines.filter(({ message }) => String(message).startsWith('workflow frozen'));
    expect(alarms).toMatchObject([{ level: 'error', opId: workflowId }]);
    const raised = await world.database.owner<{ subject: string }[]>`
      select subject from ledger.alert where kind = 'workflow-frozen'`;
    expect([...raised]).toEqual([{ subject: workflowId }]);
    const failing: OpId[] = [];
    const watch = createWatch(world.temporal, taskQueue, (opId) => failing.push(opId));
    expect(await watch.standing(workflowId)).toBe('running');
    expect(failing).toEqual([workflowId]);

    await world.temporal.workflow.getHandle(workflowId).terminate();
    await eventually(async () => expect(await frozen()).toBe(0), patiently);
  } finally {
    await worker.stop();
    await schedule.delete();
    await world.temporal.schedule.getHandle(verifyScheduleId(taskQueue)).delete();
  }
}, 260_000);
