import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client as TemporalClient, type WorkflowClientInterceptor } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger, NativeConnection } from '@temporalio/worker';
import { createDatabase } from '../src/database/index.js';
import { createLedger } from '../src/ledger/index.js';
import {
  createHoldfastWorker,
  type HoldfastWorker,
  paymentCallsMaxDefault,
} from '../src/main/compose-worker.js';
import { childEnvironment, type DevConfig } from '../src/main/config.js';
import { createStackProcess } from '../src/main/stack-process.js';
import { startStackDatabase, startStackTemporal } from '../src/main/stack-servers.js';
import { composeServices } from '../src/main/compose-services.js';
import { pooledFetch } from '../src/providers/pooled-fetch.js';
import { createSandboxProvider } from '../src/providers/sandbox/index.js';
import { freePort } from '../src/servers/index.js';
import { createLog, installRuntime, startTracing } from '../src/telemetry/index.js';

/** What a benchmark runs on: fresh servers as `dev` has them, the provider in its own process. */
export interface Place {
  readonly namespace: string;
  readonly databaseUrl: string;
  /** A client on the connection of this process's workers, which starts eagerly if asked to. */
  temporal(interceptor?: WorkflowClientInterceptor): TemporalClient;
  /** A worker of production with the workflows of the benchmark, on one pool to that database. */
  worker(taskQueue: string, databaseUrl: string): Promise<HoldfastWorker>;
}

type Stop = () => Promise<unknown>;

// As many as one process has when nobody says otherwise.
const databasePoolMax = 10;
const workflowsPath = fileURLToPath(new URL('./workflows.ts', import.meta.url));

/**
 * Starts the servers and connects. What has to be stopped again is put at the end of `stops` as
 * soon as it runs, so that a caller who is interrupted meanwhile can stop all of it.
 */
export async function startPlace(
  config: DevConfig,
  stops: Stop[],
  onProgress: (line: string) => void,
): Promise<Place> {
  const log = createLog({ service: 'holdfast-bench', level: 'silent' });
  installRuntime({ log, service: 'holdfast-bench', host: '127.0.0.1', metricsPort: null });
  const { plugin } = startTracing({ service: 'holdfast-bench' });
  const plugins = [plugin];
  const stateDir = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  stops.push(() => rm(stateDir, { recursive: true, force: true }));

  onProgress('Starting PostgreSQL, Temporal and the provider ...');
  const { cacheDir, databaseUrl, temporalCli } = config;
  const servers = { stateDir, keep: false, cacheDir, databaseUrl, temporalCli, onProgress };
  const database = await startStackDatabase(servers);
  stops.push(database.stop);
  const temporal = await startStackTemporal({ ...servers, temporalPort: 0, temporalUiPort: 0 });
  stops.push(temporal.stop);
  const { namespace, address } = temporal;
  const sandbox = await createSandbox(stateDir, onProgress);
  stops.push(sandbox.stop);
  await sandbox.start();

  // Ends with the process: it refuses to close under the worker of a run that was interrupted.
  const connection = await NativeConnection.connect({ address });
  onProgress('Bundling the workflows ...');
  const workflowBundle = await bundleWorkflowCode({
    ...{ workflowsPath, plugins },
    logger: new DefaultLogger('ERROR'),
  });
  const provider = createSandboxProvider({
    ...{ baseUrl: sandbox.url, ...config.provider },
    fetch: pooledFetch({ connections: paymentCallsMaxDefault }),
  });

  return {
    namespace,
    databaseUrl: database.workerUrl,
    temporal: (interceptor) =>
      new TemporalClient({
        ...{ connection, namespace, plugins },
        interceptors: { workflow: interceptor === undefined ? [] : [interceptor] },
      }),
    worker(taskQueue, url) {
      const applicationName = 'holdfast-bench';
      const ours = createDatabase({ url, poolMax: databasePoolMax, applicationName });
      stops.push(() => ours.close(1_000));
      return createHoldfastWorker({
        ...{ connection, namespace, taskQueue, provider, plugins, workflowBundle },
        ledger: createLedger(ours),
        services: composeServices({ urls: {}, ...config.provider }),
      });
    },
  };
}

/** The real provider, synced ledger and all, away from our event loop. */
async function createSandbox(stateDir: string, onProgress: (line: string) => void) {
  const url = `http://127.0.0.1:${await freePort()}`;
  const process = createStackProcess({
    ...{ name: 'sandbox', entry: 'sandbox', cwd: stateDir, onProgress },
    readyUrl: `${url}/livez`,
    environment: childEnvironment({
      HOST: '127.0.0.1',
      SANDBOX_PSP_PORT: new URL(url).port,
      SANDBOX_PSP_LEDGER_FILE: join(stateDir, 'provider.jsonl'),
      LOG_LEVEL: 'warn',
    }),
  });
  return { url, start: process.start, stop: process.stop };
}
