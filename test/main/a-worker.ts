import { join } from 'node:path';
import { childEnvironment } from '../../src/main/config.js';
import { createStackProcess, type StackProcess } from '../../src/main/stack-process.js';
import { freePort } from '../../src/servers/port.js';
import type { RunningWorld } from '../support/running-world.js';

interface WorkerOrder {
  readonly world: RunningWorld;
  /** Where it runs, with its bundle as `workflows.js`. */
  readonly folder: string;
  readonly taskQueue: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly onLine?: (name: string, line: string) => void;
}

/** A worker process as production starts it. */
export async function aWorker(order: WorkerOrder): Promise<StackProcess> {
  const { world, folder, taskQueue, onLine } = order;
  const port = await freePort();
  return createStackProcess({
    ...{ name: 'worker', entry: 'worker', cwd: folder, onProgress: () => undefined, onLine },
    args: [join(folder, 'workflows.js')],
    environment: childEnvironment({
      ...{ HOST: '127.0.0.1', HEALTH_PORT: `${port}`, METRICS_PORT: 'off', LOG_LEVEL: 'warn' },
      ...{ TEMPORAL_ADDRESS: world.temporalAddress, TEMPORAL_NAMESPACE: world.namespace },
      ...{ HOLDFAST_TASK_QUEUE: taskQueue, SANDBOX_PSP_URL: world.providerUrl },
      PAYLOAD_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
      ...order.environment,
    }),
    readyUrl: `http://127.0.0.1:${port}/readyz`,
  });
}
