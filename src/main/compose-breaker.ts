import { hostname } from 'node:os';
import type { Database } from '../database/index.js';
import type { BreakerProfile, GuardedProvider } from '../domain/index.js';
import { createBreakerStore } from '../ledger/index.js';
import { type Breaker, createBreaker } from '../providers/breaker.js';
import { type Log, measureBreaker, type Metrics } from '../telemetry/index.js';

export interface BreakerDeps {
  readonly database: Database;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The breaker of one provider, which this worker has in common with all others. */
export function composeBreaker(
  provider: GuardedProvider,
  profile: BreakerProfile,
  { database, log, metrics }: BreakerDeps,
): Breaker {
  const measured = measureBreaker(metrics);
  return createBreaker({
    ...{ provider, profile, store: createBreakerStore(database) },
    actor: `${hostname()}.${process.pid}`,
    onEvent: (notice) => {
      log.warn({ ...notice, provider }, 'breaker');
      measured(notice);
    },
  });
}
