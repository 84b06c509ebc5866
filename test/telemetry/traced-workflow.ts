import { log, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { TracedActivities } from './tracing.test.js';

const local = proxyLocalActivities<TracedActivities>({ startToCloseTimeout: 5_000 });
const remote = proxyActivities<TracedActivities>({ startToCloseTimeout: 5_000 });

export async function traced(): Promise<string[]> {
  log.info('in the workflow');
  return [await local.traceHere(), await remote.traceHere()];
}
