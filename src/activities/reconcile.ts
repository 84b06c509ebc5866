import { Context } from '@temporalio/activity';
import type { Checked, Compared, Part, Sweep, Swept } from '../reconciler/index.js';
import { alive } from './alive.js';
import { type DatabaseFault, faultsOf } from './faults.js';

export type { Checked } from '../reconciler/index.js';

/** A page of a sweep each. All may be repeated: what is mended is found in order. */
export interface ReconcileSteps {
  reconcileOperations(after: number): Promise<Swept>;
  reconcileWorkflows(before: number | null): Promise<Swept>;
  applyWebhooks(): Promise<number>;
  reconcileCharges(page: number): Promise<Compared>;
  reconcileFindings(after: number): Promise<Compared>;
  reconcileHolds(): Promise<number>;
  wakeUploads(): Promise<number>;
  clearEndedUploads(page: number): Promise<{ readonly next: number | null }>;
  clearOrphans(after: string | null): Promise<{ readonly next: string | null }>;
  checkInvariants(from: Checked | null): Promise<Checked>;
  forgetOld(batch: number): Promise<{ readonly next: number | null }>;
  verifyPart(from: number): Promise<Part>;
}

/** The steps of a sweep. */
export function reconcileActivities(deps: {
  readonly sweep: Sweep;
  readonly classify: (error: unknown) => DatabaseFault;
}): ReconcileSteps {
  const { sweep } = deps;
  const beat = () => Context.current().heartbeat();
  return faultsOf(deps.classify, {
    reconcileOperations: (after: number) => sweep.openOperations(after, beat),
    reconcileWorkflows: (before: number | null) => sweep.openWorkflows(before, beat),
    applyWebhooks: () => sweep.waitingWebhooks(),
    reconcileCharges: (page: number) => sweep.charges(runId(), page),
    reconcileHolds: () => sweep.holds(runId()),
    wakeUploads: () => sweep.wakeUploads(),
    clearEndedUploads: (page: number) => alive(sweep.clearEnded(page)),
    clearOrphans: (after: string | null) => alive(sweep.clearOrphans(after)),
    checkInvariants: (from: Checked | null) => sweep.invariants(from),
    forgetOld: (batch: number) => sweep.forget(batch),
    verifyPart: (from: number) => sweep.part(from, beat),
    reconcileFindings: (after: number) => sweep.findings(runId(), after),
  });
}

/** Names the sweep: what it sees twice it saw once. */
function runId(): string {
  return Context.current().info.workflowExecution?.runId ?? '';
}
