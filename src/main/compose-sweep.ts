import type { Client as TemporalClient } from '@temporalio/client';
import { createClient, createWatch } from '../client/index.js';
import type { Database } from '../database/index.js';
import type { OpId } from '../domain/index.js';
import { applyWaiting, createLateJudge } from '../gateway/index.js';
import { createInbox, createOpenOperations } from '../ledger/index.js';
import { createReads } from '../ledger/reads.js';
import { createSweep, type Finding, type Sweep } from '../reconciler/index.js';
import type { Log, Metrics } from '../telemetry/index.js';
import { outageOf } from './outage.js';

export interface HoldfastSweepDeps {
  readonly database: Database;
  readonly temporal: TemporalClient;
  readonly taskQueue: string;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Told of operations whose workflow task failed. */
  readonly onFailing?: (opId: OpId) => void;
  /** As of the sweep; tests wait less. */
  readonly quietMs?: number;
  readonly lingersMs?: number;
}

/**
 * The sweep of production and tests alike. That webhooks are applied here by the gateway's own
 * function is nobody's business but ours: neither room knows of the other.
 */
export function composeSweep({ database, temporal, ...deps }: HoldfastSweepDeps): Sweep {
  const { log, taskQueue, metrics } = deps;
  const client = createClient({ temporal, taskQueue });
  const reads = createReads(database);
  const webhooks = {
    ...{ client, reads, inbox: createInbox(database), outageOf, log, metrics },
    judgeLate: createLateJudge({ client, reads }),
  };
  return createSweep({
    ...deps,
    operations: createOpenOperations(database),
    watch: createWatch(temporal, taskQueue, deps.onFailing),
    applyWaiting: (limit) => applyWaiting(webhooks, limit),
    onFinding: (finding) => logged(log, finding),
  });
}

function logged(log: Log, { opId, action, error }: Finding): void {
  const line = { module: 'reconciler', opId, ...action };
  if (action.kind === 'failed') log.error({ ...line, err: error }, 'operation not reconciled');
  else if (action.kind === 'person') log.error(line, 'operation needs a person');
  else log.warn(line, 'operation reconciled');
}
