import type { StepName } from './around.js';
import type { RunningWorld } from './running-world.js';
import { aWorkerProcess } from './worker-process.js';

/** A worker in a process of its own that ends itself by SIGKILL once `step` is done. */
export async function aDyingWorker(world: RunningWorld, taskQueue: string, dieAfter: StepName) {
  const { exited } = await aWorkerProcess({
    ...{ taskQueue, dieAfter, namespace: world.namespace },
    address: world.temporalAddress,
    databaseUrl: world.database.workerUrl,
    ...{ providerUrl: world.providerUrl, storeFolder: world.storeFolder },
    mailFile: world.post.mailbox.file,
  });
  return () => exited;
}
