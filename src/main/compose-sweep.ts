import type { Client as TemporalClient } from '@temporalio/client';
import { createClient, createWatch } from '../client/index.js';
import type { Database } from '../database/index.js';
import type { OpId } from '../domain/index.js';
import { applyWaiting, createLateJudge } from '../gateway/index.js';
import {
  createFindings,
  createInbox,
  createKnownCharges,
  createOpenOperations,
  createPrune,
  createPulse,
  type FindingAlert,
  type UploadReads,
} from '../ledger/index.js';
import { createReads } from '../ledger/reads.js';
import { nothingChecked, verifyOnward, verifyPart } from '../ledger/violations.js';
import type { ObjectStore } from '../objects/index.js';
import type { PaymentProvider } from '../providers/provider.js';
import {
  createHoldSweep,
  createProviderSweep,
  createSweep,
  createUploadSweep,
  type Finding,
  type Sweep,
} from '../reconciler/index.js';
import type { Log, Metrics, Tracing } from '../telemetry/index.js';
import { outageOf } from './outage.js';
import { createViolationTeller } from './violation-teller.js';

export interface HoldfastSweepDeps {
  readonly database: Database;
  readonly temporal: TemporalClient;
  readonly taskQueue: string;
  readonly provider: PaymentProvider;
  readonly store: ObjectStore;
  readonly uploads: UploadReads;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** Told of operations whose workflow task failed. */
  readonly onFailing?: (opId: OpId) => void;
  /** As of the sweep; tests wait less. */
  readonly quietMs?: number;
  readonly lingersMs?: number;
  readonly sustainedMs?: number;
  readonly orphanedMs?: number;
  /** For how long what is over is kept. */
  readonly retentionDays: number;
}

/**
 * The sweep of production and tests alike. That webhooks are applied here by the gateway's own
 * function is nobody's business but ours: neither room knows of the other.
 */
export function composeSweep({ database, temporal, ...deps }: HoldfastSweepDeps): Sweep {
  const { log, taskQueue, metrics, tracing } = deps;
  const pulse = createPulse(database);
  const tell = createViolationTeller(log, metrics);
  const client = createClient({ temporal, taskQueue });
  const reads = createReads(database);
  const judgeLate = createLateJudge({ client, reads });
  const webhooks = {
    ...{ client, reads, inbox: createInbox(database), outageOf, log, metrics, tracing },
    judgeLate,
  };
  const shared = {
    operations: createOpenOperations(database),
    watch: createWatch(temporal, taskQueue, deps.onFailing),
    findings: createFindings(database),
    onAlert: (alert: FindingAlert) => {
      log.error({ module: 'reconciler', ...alert }, 'finding that nobody can explain');
      metrics.count('findings', { kind: alert.kind });
    },
  };
  const prune = createPrune(database, deps.retentionDays);
  const operations = createSweep({
    ...{ ...deps, ...shared },
    inTrace: tracing.inTrace,
    applyWaiting: (limit) => applyWaiting(webhooks, limit),
    prune: async (...asked) => {
      const forgotten = await prune(...asked);
      // The last thing that a sweep does: it has come through.
      await pulse();
      return forgotten;
    },
    onFinding: (finding) => {
      metrics.count('reconciled', { action: finding.action.kind });
      logged(log, finding);
    },
  });
  const charges = createProviderSweep({
    ...{ ...deps, ...shared },
    known: createKnownCharges(database),
    giveBack: async (ended, evidence) =>
      (await judgeLate(ended, evidence, evidence.reference)).state === 'applied',
    onTrouble: ({ reason, error }) =>
      log.error({ module: 'reconciler', reason, err: error }, 'charges not reconciled'),
  });
  const objects = createUploadSweep({
    ...{ ...deps, ...shared },
    onTrouble: ({ reason, error }) =>
      log.error({ module: 'reconciler', reason, err: error }, 'objects not cleared away'),
  });
  return {
    ...{ ...operations, ...charges, ...objects, ...createHoldSweep({ ...deps, ...shared }) },
    invariants: async (from) => {
      const { violations, next } = await verifyOnward(database, from ?? nothingChecked);
      tell(violations);
      return next;
    },
    part: async (from, beat) => {
      const { violations, next } = await verifyPart(database, from, beat);
      tell(violations);
      return { broken: violations.reduce((sum, { count }) => sum + count, 0), next };
    },
  };
}

function logged(log: Log, { opId, action, error }: Finding): void {
  const line = { module: 'reconciler', opId, ...action };
  if (action.kind === 'failed') log.error({ ...line, err: error }, 'operation not reconciled');
  else if (action.kind === 'person') log.error(line, 'operation needs a person');
  else log.warn(line, 'operation reconciled');
}
