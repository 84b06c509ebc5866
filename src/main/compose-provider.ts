import type { Database } from '../database/index.js';
import { breakerProfiles } from '../domain/index.js';
import { unmetNeeds } from '../providers/needs.js';
import { guarded } from '../providers/guarded.js';
import { pooledFetch } from '../providers/pooled-fetch.js';
import type { PaymentProvider } from '../providers/provider.js';
import { createSandboxProvider } from '../providers/sandbox/index.js';
import { createStripeProvider } from '../providers/stripe/index.js';
import { type Log, type Metrics, tracedFetch, type Tracing } from '../telemetry/index.js';
import { paymentCallsMaxDefault } from './compose-worker.js';
import type { WorkerConfig } from './config.js';
import { sharedBreaker } from './shared-breaker.js';

interface ProviderDeps {
  readonly database: Database;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
}

/**
 * The provider that was configured, behind the breaker that it has in common with all workers.
 * Throws, with every reason, for one that cannot do what our operations need to be safe.
 */
export function composeProvider(
  { provider, breaker }: Pick<WorkerConfig, 'provider' | 'breaker'>,
  { database, log, metrics, tracing }: ProviderDeps,
): PaymentProvider {
  const pooled = pooledFetch({ connections: paymentCallsMaxDefault });
  const settings = { ...provider, fetch: tracedFetch(tracing, provider.name, pooled) };
  const adapter =
    settings.name === 'stripe' ? createStripeProvider(settings) : createSandboxProvider(settings);
  const unmet = unmetNeeds(adapter.profile);
  if (unmet.length > 0)
    throw new Error(`Payments are not safe with this provider: ${unmet.join('; ')}`);
  const { failuresInRow, openMs, stageMs: forMs } = breaker;
  const { recovery, ...payments } = breakerProfiles.payments;
  const profile = {
    ...{ ...payments, failuresInRow, openMs },
    recovery: recovery.map(({ share }) => ({ share, forMs })),
  };
  const { name } = adapter.profile;
  return guarded(adapter, sharedBreaker(name, profile, { database, log, metrics }));
}
