import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { Checked, ReconcileSteps } from '../activities/reconcile.js';
import { sweepsUploads } from './versions.js';

/** Where a sweep stopped, for the next one to go on; from the beginning when left out. */
export interface SweepEnd {
  readonly after: number;
  readonly before: number | null;
  readonly finding?: number;
  readonly checked?: Checked;
  readonly object?: string | null;
}

const steps = proxyActivities<ReconcileSteps>({
  startToCloseTimeout: '60s',
  scheduleToCloseTimeout: '90s',
  heartbeatTimeout: '20s',
  // A sweep that cannot go on makes room for the next one.
  retry: { maximumAttempts: 3, initialInterval: '1s', maximumInterval: '5s' },
});
const pagesMax = 10;

/**
 * Mends what fell apart: runs operations again whose workflow is gone, tells those whose time is
 * over, applies webhooks that waited, compares the provider's charges with ours, looks whether the
 * invariants hold, clears up after uploads. It looks at so many pages, and the next sweep goes on
 * there.
 */
export async function reconcile(): Promise<SweepEnd> {
  const begins = (workflowInfo().lastResult as SweepEnd | undefined) ?? { after: 0, before: null };
  const after = await pages(begins.after, (from) => steps.reconcileOperations(from));
  const before = await pages(begins.before, (from) => steps.reconcileWorkflows(from));
  await steps.applyWebhooks();
  await pages(1, (page) => steps.reconcileCharges(page));
  // After the list, so that what it shows as mended is not seen once more as it was.
  const finding = await pages(begins.finding ?? 0, (from) => steps.reconcileFindings(from));
  await steps.reconcileHolds();
  const checked = await steps.checkInvariants(begins.checked ?? null);
  const object = sweepsUploads() ? await uploads(begins.object ?? null) : null;
  await pages(1, (batch) => steps.forgetOld(batch));
  return { after: after ?? 0, before, finding: finding ?? 0, checked, object };
}

/** Hurries what came unheard, and clears up after what has ended. */
async function uploads(object: string | null): Promise<string | null> {
  await steps.wakeUploads();
  await pages(1, (page) => steps.clearEndedUploads(page));
  return pages(object, (from) => steps.clearOrphans(from));
}

async function pages<From>(
  from: From,
  look: (from: From) => Promise<{ readonly next: From | null }>,
): Promise<From | null> {
  let next = from;
  for (let page = 0; page < pagesMax; page += 1) {
    const swept = await look(next);
    if (swept.next === null) return null;
    next = swept.next;
  }
  return next;
}
