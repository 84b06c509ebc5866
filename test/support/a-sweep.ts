import { nanoid } from 'nanoid';
import { createUploadReads } from '../../src/ledger/index.js';
import { composeSweep } from '../../src/main/compose-sweep.js';
import { createSandboxProvider } from '../../src/providers/sandbox/index.js';
import { createLog, createMetrics, startTracing } from '../../src/telemetry/index.js';
import type { RunningWorld } from './running-world.js';

/** The sweep of production over this world, to which nothing is quiet enough to be left alone. */
export function aSweep(world: RunningWorld, found: object[]) {
  const { temporal, taskQueue, database, providerUrl, store } = world;
  const destination = { write: (line: string) => void found.push(JSON.parse(line) as object) };
  return composeSweep({
    ...{ temporal, taskQueue, quietMs: 0, lingersMs: 0, sustainedMs: 0 },
    orphanedMs: -1_000,
    ...{ retentionDays: 30, store, uploads: createUploadReads(database.database) },
    provider: createSandboxProvider({ baseUrl: providerUrl, requestTimeoutMs: 2_000 }),
    database: database.database,
    log: createLog({ service: 'test-sweep', level: 'info', destination }),
    metrics: createMetrics({ service: 'test-sweep' }),
    tracing: startTracing({ service: 'test-sweep' }),
  });
}

/** One sweep, as the schedule starts it. */
export async function sweptOnce({ temporal, taskQueue }: RunningWorld): Promise<void> {
  const workflowId = `sweep-${nanoid()}`;
  await temporal.workflow.execute('reconcile', { taskQueue, workflowId, args: [] });
}
