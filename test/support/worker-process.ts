import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Order } from './a-worker.js';
import { workflowBundle } from './running-world.js';

/** A worker in a process of its own. */
export interface WorkerProcess {
  /** Sends it a signal, before this returns. */
  signal(name: NodeJS.Signals): void;
  /** The signal that it died of. */
  readonly exited: Promise<string>;
}

/** Starts one and resolves when it runs, or has ended already. */
export async function aWorkerProcess(order: Omit<Order, 'codePath'>): Promise<WorkerProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-bundle-'));
  const codePath = join(directory, 'workflows.js');
  const bundle = await workflowBundle();
  if ('code' in bundle) await writeFile(codePath, bundle.code);
  const child = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', '--import', new URL('../../src/main/leash.mjs', import.meta.url).href],
      ...[fileURLToPath(new URL('./a-worker.ts', import.meta.url))],
      JSON.stringify({ ...order, codePath } satisfies Order),
    ],
    // The channel is its leash: it goes when we do, however we go.
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  const exited = once(child, 'exit').then(async ([, signal]) => {
    await rm(directory, { recursive: true, force: true });
    return String(signal);
  });
  await Promise.race([once(child, 'message'), exited]);
  return { signal: (name) => void child.kill(name), exited };
}
