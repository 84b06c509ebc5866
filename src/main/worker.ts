import { Client as TemporalClient } from '@temporalio/client';
import { GracefulShutdownPeriodExpiredError, NativeConnection } from '@temporalio/worker';
import { createAlerts, createLedger } from '../ledger/index.js';
import { createLog, installRuntime, type Log, startTracing } from '../telemetry/index.js';
import { composeNotices } from './compose-notices.js';
import { composeFiles } from './compose-files.js';
import { composeObjects } from './compose-objects.js';
import { composeProvider } from './compose-provider.js';
import { composeServices } from './compose-services.js';
import { composeSweep } from './compose-sweep.js';
import {
  builtWorkflowBundle,
  createHoldfastWorker,
  type HoldfastWorker,
} from './compose-worker.js';
import { orExit, type WorkerConfig, workerConfig } from './config.js';
import { startHealthServer } from './health.js';
import { openDatabase } from './open-database.js';
import { type Running, runProcess } from './process.js';
import { ensureSchedules } from './schedules.js';
import { createFrozenWatch } from './watch-frozen.js';
import { watchProcess } from './watch-process.js';
import { watchStanding } from './watch-standing.js';

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
  const frozen = createFrozenWatch(parentLog);
  const onTaskFailed = (runId: string) => frozen.suspect({ runId });
  const onFailing = (workflowId: string) => frozen.suspect({ workflowId });
  const metrics = installRuntime({ log: parentLog, service, host, metricsPort, onTaskFailed });
  const tracing = startTracing({ service, otlpEndpoint });
  const database = await openDatabase(settings.database, service, { log: parentLog, metrics });
  const connection = await NativeConnection.connect(temporal.connection);
  const workflowBundle = builtWorkflowBundle(process.argv[2]);
  const { namespace, taskQueue } = temporal;
  const client = new TemporalClient({ connection, namespace, plugins: [tracing.plugin] });
  const watched = { database, log: parentLog, metrics, tracing };
  const provider = composeProvider(settings, watched);
  const store = await composeObjects(settings, watched);
  const { uploads, files } = composeFiles(settings, store, database);
  const worker = await createHoldfastWorker({
    ...{ connection, namespace, taskQueue, provider, buildId: settings.buildId },
    ...{ ledger: createLedger(database), objects: { uploads, files } },
    services: composeServices(settings.services),
    plugins: [tracing.plugin],
    notices: composeNotices(settings, watched),
    sweep: composeSweep({
      ...{ ...watched, provider, store, uploads, taskQueue, temporal: client, onFailing },
      retentionDays: settings.retentionDays,
    }),
    ...(workflowBundle !== undefined && { workflowBundle }),
  });
  await ensureSchedules(client, taskQueue);
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
  const alerts = createAlerts(database);
  const watches = [
    watchStanding(database, metrics, parentLog),
    watchProcess(database, metrics),
    frozen.start(client, metrics, (opId, attempts) =>
      alerts.raise('workflow-frozen', opId, { attempts }),
    ),
  ];
  parentLog.info({ taskQueue, healthPort: health.port }, 'running');

  return {
    ended,
    async stop() {
      for (const unwatch of watches) unwatch();
      const underWay = worker.underWay();
      worker.shutdown();
      const interrupted = await ended.then(() => 0, stillUnderWay(worker));
      const stopped = { drained: Math.max(0, underWay - interrupted), interrupted };
      // It holds on to all the rest, and the exit lets go of that.
      if (interrupted > 0) return stopped;
      await health.close();
      await connection.close();
      await database.close(databaseCloseTimeoutMs);
      await tracing.flush();
      return stopped;
    },
  };
}

/** What a worker is at when its time to drain is over; any other end is a failure. */
function stillUnderWay(worker: HoldfastWorker) {
  return (error: unknown): number => {
    if (error instanceof GracefulShutdownPeriodExpiredError) return Math.max(1, worker.underWay());
    throw error;
  };
}
