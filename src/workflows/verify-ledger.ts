import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ReconcileSteps } from '../activities/reconcile.js';

/** Where a look at the whole ledger stopped, for the next one to go on, and what it saw. */
export interface LookEnd {
  readonly from: number;
  /** How often an invariant was seen broken. */
  readonly broken: number;
}

const steps = proxyActivities<Pick<ReconcileSteps, 'verifyPart'>>({
  startToCloseTimeout: '15m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  // A database that is down for a while does not end the night's look.
  retry: { maximumAttempts: 20, initialInterval: '1s', maximumInterval: '3m' },
});
const partsMax = 500;

/**
 * Looks whether every invariant holds in all of the ledger, a part at a time; what does not is told
 * as a sweep tells it. It looks at so many parts, and the next one goes on there.
 */
export async function verifyLedger(): Promise<LookEnd> {
  let { from } = (workflowInfo().lastResult as LookEnd | undefined) ?? { from: 1 };
  let broken = 0;
  for (let part = 0; part < partsMax; part += 1) {
    const looked = await steps.verifyPart(from);
    broken += looked.broken;
    if (looked.next === null) return { from: 1, broken };
    from = looked.next;
  }
  return { from, broken };
}
