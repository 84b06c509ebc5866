import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StepName } from './around.js';
import { type RunningWorld, workflowBundle } from './running-world.js';

/** A worker in a process of its own that ends itself by SIGKILL once `step` is done. */
export async function aDyingWorker(world: RunningWorld, taskQueue: string, dieAfter: StepName) {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bundle-'));
  const codePath = join(directory, 'workflows.js');
  const bundle = await workflowBundle();
  if ('code' in bundle) await writeFile(codePath, bundle.code);
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', '--import', new URL('../../src/main/leash.mjs', import.meta.url).href],
      ...[fileURLToPath(new URL('./dying-worker.ts', import.meta.url))],
      JSON.stringify({
        ...{ taskQueue, dieAfter, codePath, namespace: world.namespace },
        address: world.temporalAddress,
        databaseUrl: world.database.workerUrl,
        providerUrl: world.providerUrl,
      }),
    ],
    // The channel is its leash: it goes when we do, however we go.
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  const exited = once(child, 'exit').then(async ([, signal]) => {
    await rm(directory, { recursive: true, force: true });
    return String(signal);
  });
  await Promise.race([once(child, 'message'), exited]);
  return () => exited;
}
