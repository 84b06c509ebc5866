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
  objectActivities,
  channelActivities,
  type NoticeDeps,
  noticeActivities,
  paymentActivities,
  providerActivities,
  reconcileActivities,
  rideActivities,
  serviceActivities,
  uploadActivities,
  orderActivities,
  // new operations go above this line
} from '../activities/index.js';
import { classify } from '../database/index.js';
import { outsideQueueOf } from '../domain/index.js';
import type { Ledger, UploadReads } from '../ledger/index.js';
import type { UploadFiles } from '../objects/index.js';
import type { PaymentProvider } from '../providers/provider.js';
import type { Services } from '../providers/service.js';
import type { Sweep } from '../reconciler/index.js';

export interface HoldfastWorkerDeps {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly ledger: Ledger;
  readonly provider: PaymentProvider;
  readonly services: Services;
  /** Temporal's plugins; the tracing one is always among them, or histories would not replay. */
  readonly plugins: NonNullable<WorkerOptions['plugins']>;
  /** Workflows bundled before; they are bundled now when left out, which takes seconds. */
  readonly workflowBundle?: WorkflowBundleOption;
  /** For a worker that takes sweeps, too; where the schedule is, every worker must. */
  readonly sweep?: Sweep;
  /** For a worker that takes notices, too. */
  readonly notices?: NoticeDeps;
  /** Which build this is, where builds are told apart. */
  readonly buildId?: string | undefined;
  /** For a worker that makes files of what was uploaded. */
  readonly objects?: { readonly files: UploadFiles; readonly uploads: UploadReads };
  /** How many calls to the payment provider at once; 200 when left out, 0 for none at all. */
  readonly paymentCallsMax?: number;
}

/** The queues of one process: they start, drain and end together. */
export interface HoldfastWorker {
  /** Settles once all have ended; rejects with the reason of the first that failed. */
  run(): Promise<void>;
  /** Takes nothing new, and lets what is under way finish. */
  shutdown(): void;
  isRunning(): boolean;
  /** How many activities it is at. */
  underWay(): number;
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

/** Each call waits for the provider; a slow one must not fill them with a hundred payments. */
export const paymentCallsMaxDefault = 200;

/** How many calls to services at once. */
export const serviceCallsMax = 100;

/** Each streams a file; more would only share the same disk and the same two hashes. */
const objectStepsMax = 16;

/** The worker of production, tests and benchmarks alike, ready to run. */
export async function createHoldfastWorker(deps: HoldfastWorkerDeps): Promise<HoldfastWorker> {
  const { connection, namespace, taskQueue, ledger, provider, plugins, workflowBundle } = deps;
  const { sweep, objects, notices, paymentCallsMax = paymentCallsMaxDefault } = deps;
  const drained = { shutdownGraceTime: '25s', shutdownForceTime: '29s' } as const;
  const versioned = deps.buildId === undefined ? {} : versionOf(taskQueue, deps.buildId);
  const outside = providerActivities({ provider, classify });
  const services = serviceActivities({ services: deps.services, classify });
  const inside = Worker.create({
    ...{ connection, namespace, taskQueue, plugins, ...drained, ...versioned },
    ...(workflowBundle === undefined ? { workflowsPath } : { workflowBundle }),
    activities: {
      ...paymentActivities({ ledger, provider, classify }),
      ...accountActivities({ ledger, classify }),
      ...rideActivities({ ledger, classify }),
      ...uploadActivities({ ledger, classify }),
      // Their profiles are asked for as local steps.
      ...services,
      ...orderActivities({ ledger, classify }),
      // new operations go above this line
      ...(sweep !== undefined && reconcileActivities({ sweep, classify })),
      ...(notices !== undefined && noticeActivities({ ...notices, ledger, classify })),
      // Workers of before this queue was split still put their calls here, while they drain.
      ...outside,
    },
    // A dead worker's own queue is waited for this long, then any worker goes on.
    stickyQueueScheduleToStartTimeout: '1s',
    maxConcurrentWorkflowTaskExecutions: 64,
    // One thread alone is what payments wait for, from some 40 a second on.
    workflowThreadPoolSize: 2,
    maxConcurrentLocalActivityExecutions: 64,
    maxConcurrentActivityTaskExecutions: 64,
  });
  const outer = (of: Parameters<typeof outsideQueueOf>[1], activities: object, callsMax: number) =>
    Worker.create({
      ...{ connection, namespace, plugins, ...drained, ...versioned, activities },
      taskQueue: outsideQueueOf(taskQueue, of),
      maxConcurrentActivityTaskExecutions: callsMax,
    });
  return together(
    await Promise.all([
      inside,
      ...(paymentCallsMax === 0 ? [] : [outer('payments', outside, paymentCallsMax)]),
      outer('services', services, serviceCallsMax),
      ...(objects === undefined
        ? []
        : [outer('objects', objectActivities({ ...objects, ledger, classify }), objectStepsMax)]),
      ...(notices === undefined
        ? []
        : [outer('notices', channelActivities({ ...notices, classify }), noticeCallsMax)]),
    ]),
  );
}

const noticeCallsMax = 100;

/** Open operations go on with whichever version is current: gates keep them on their way. */
function versionOf(
  taskQueue: string,
  buildId: string,
): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  return {
    workerDeploymentOptions: {
      version: { deploymentName: taskQueue, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}

function together(workers: readonly Worker[]): HoldfastWorker {
  const shutdown = () => {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
  };
  return {
    async run() {
      // One alone would take what nobody carries on.
      const ended = workers.map((worker) => worker.run().finally(shutdown));
      const [failed] = (await Promise.allSettled(ended)).filter((end) => end.status === 'rejected');
      if (failed !== undefined) throw failed.reason;
    },
    shutdown,
    isRunning: () => workers.every((worker) => worker.getState() === 'RUNNING'),
    underWay: () =>
      workers.reduce((sum, worker) => sum + worker.getStatus().numInFlightActivities, 0),
  };
}
