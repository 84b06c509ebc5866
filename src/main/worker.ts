import { Client as TemporalClient } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { createLedger, createWaitingMoney } from '../ledger/index.js';
import {
  createLog,
  installRuntime,
  type Log,
  measureWaiting,
  startTracing,
} from '../telemetry/index.js';
import { composeProvider } from './compose-provider.js';
import { composeSweep } from './compose-sweep.js';
import { builtWorkflowBundle, createHoldfastWorker } from './compose-worker.js';
import { orExit, type WorkerConfig, workerConfig } from './config.js';
import { startHealthServer } from './health.js';
import { openDatabase } from './open-database.js';
import { type Running, runProcess } from './process.js';
import { ensureReconcileSchedule } from './reconcile-schedule.js';
import { watch } from './watch.js';

const databaseCheckTimeoutMs = 1_400;
const databaseCloseTimeoutMs = 4_000;

// A worker: takes the steps of operations from Temporal and does them. The stack of development
// names a bundle of the workflows as its argument; everything else is said by the environment.
const config = orExit(workerConfig);
const log = createLog({ service: config.telemetry.service, level: config.telemetry.logLevel });
await runProcess(log, () => startWorker(config, log));

async function startWorker(settings: WorkerConfig, parentLog: Log): Promise<Running> {
  const { host, healthPort, telemetry, temporal } = settings;
  const { service, metricsPort, otlpEndpoint } = telemetry;
  const metrics = installRuntime({ log: parentLog, service, host, metricsPort });
  const tracing = startTracing({ service, otlpEndpoint });
  const database = await openDatabase(settings.database, service, parentLog);
  const connection = await NativeConnection.connect(temporal.connection);
  const workflowBundle = builtWorkflowBundle(process.argv[2]);
  const { namespace, taskQueue } = temporal;
  const client = new TemporalClient({ connection, namespace, plugins: [tracing.plugin] });
  const worker = await createHoldfastWorker({
    ...{ connection, namespace, taskQueue },
    ledger: createLedger(database),
    provider: composeProvider(settings, { database, log: parentLog, metrics }),
    plugins: [tracing.plugin],
    sweep: composeSweep({ database, temporal: client, taskQueue, log: parentLog, metrics }),
    ...(workflowBundle !== undefined && { workflowBundle }),
  });
  await ensureReconcileSchedule(client, taskQueue);
  const ended = worker.run();
  const health = await startHealthServer({
    host,
    port: healthPort,
    checks: {
      worker: () => worker.isRunning(),
      database: () => database.ping(databaseCheckTimeoutMs).then(() => true),
      temporal: () => connection.workflowService.getSystemInfo({}).then(() => true),
    },
  });
  const unwatch = watch({
    ...{ read: createWaitingMoney(database), measure: measureWaiting(metrics), log: parentLog },
    ...{ module: 'ledger', unread: 'the money that waits cannot be read' },
  });
  parentLog.info({ taskQueue, healthPort: health.port }, 'running');

  return {
    ended,
    async stop() {
      unwatch();
      worker.shutdown();
      await ended;
      await health.close();
      await connection.close();
      await database.close(databaseCloseTimeoutMs);
      await tracing.flush();
      return { taskQueue };
    },
  };
}
