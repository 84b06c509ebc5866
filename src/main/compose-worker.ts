import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  type NativeConnection,
  Worker,
  type WorkerOptions,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import {
  accountActivities,
  paymentActivities,
  providerActivities,
  reconcileActivities,
  rideActivities,
} from '../activities/index.js';
import { classify } from '../database/index.js';
import type { Ledger } from '../ledger/index.js';
import type { PaymentProvider } from '../providers/provider.js';
import type { Sweep } from '../reconciler/index.js';

export interface HoldfastWorkerDeps {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly ledger: Ledger;
  readonly provider: PaymentProvider;
  /** Temporal's plugins; the tracing one is always among them, or histories would not replay. */
  readonly plugins: NonNullable<WorkerOptions['plugins']>;
  /** Workflows bundled before; they are bundled now when left out, which takes seconds. */
  readonly workflowBundle?: WorkflowBundleOption;
  /** For a worker that takes sweeps, too; where the schedule is, every worker must. */
  readonly sweep?: Sweep;
  /** False for a worker that leaves calls to the outside to others; true when left out. */
  readonly callsOutside?: boolean;
}

/** Every export of this folder's index is a workflow. */
export const workflowsPath = fileURLToPath(new URL('../workflows', import.meta.url));

/**
 * The bundle at `path`; when left out, the one that `npm run build` put next to this file's own
 * build. Undefined when there is none, as from source.
 */
export function builtWorkflowBundle(path?: string): WorkflowBundleOption | undefined {
  const codePath = path ?? fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));
  return existsSync(codePath) ? { codePath } : undefined;
}

/** The worker of production, tests and benchmarks alike, ready to run. */
export function createHoldfastWorker(deps: HoldfastWorkerDeps): Promise<Worker> {
  const { connection, namespace, taskQueue, ledger, provider, plugins, workflowBundle } = deps;
  const { sweep } = deps;
  return Worker.create({
    connection,
    namespace,
    taskQueue,
    plugins,
    ...(workflowBundle === undefined ? { workflowsPath } : { workflowBundle }),
    activities: {
      ...paymentActivities({ ledger, provider, classify }),
      ...providerActivities({ provider, classify }),
      ...accountActivities({ ledger, classify }),
      ...rideActivities({ ledger, classify }),
      ...(sweep !== undefined && reconcileActivities({ sweep, classify })),
    },
    enableNonLocalActivities: deps.callsOutside ?? true,
    // A dead worker's own queue is waited for this long, then any worker goes on.
    stickyQueueScheduleToStartTimeout: '1s',
    shutdownGraceTime: '25s',
    shutdownForceTime: '29s',
    maxConcurrentWorkflowTaskExecutions: 64,
    // One thread alone is what payments wait for, from some 40 a second on.
    workflowThreadPoolSize: 2,
    maxConcurrentLocalActivityExecutions: 64,
    // Each waits for the provider; a slow provider must not fill them with a hundred payments.
    maxConcurrentActivityTaskExecutions: 200,
  });
}
