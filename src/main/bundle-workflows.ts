import { writeFile } from 'node:fs/promises';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { startTracing } from '../telemetry/index.js';
import { workflowsPath } from './compose-worker.js';

/**
 * Writes the workflows as one file, so that a worker starts at once; gives its size in characters.
 * The tracing plugin brings its interceptors into it: without them no history would replay.
 */
export async function bundleWorkflows(target: string): Promise<number> {
  const { plugin } = startTracing({ service: 'holdfast-build' });
  const logger = new DefaultLogger('WARN');
  const { code } = await bundleWorkflowCode({ workflowsPath, plugins: [plugin], logger });
  await writeFile(target, code);
  return code.length;
}
