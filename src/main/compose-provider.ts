import { breakerProfiles } from '../domain/index.js';
import { unmetNeeds } from '../providers/needs.js';
import { guarded } from '../providers/guarded.js';
import { pooledFetch } from '../providers/pooled-fetch.js';
import type { PaymentProvider } from '../providers/provider.js';
import { createSandboxProvider } from '../providers/sandbox/index.js';
import { createStripeProvider } from '../providers/stripe/index.js';
import { tracedFetch, type Tracing } from '../telemetry/index.js';
import { type BreakerDeps, composeBreaker } from './compose-breaker.js';
import { paymentCallsMaxDefault } from './compose-worker.js';
import type { WorkerConfig } from './config.js';

/**
 * The provider that was configured, behind the breaker that it has in common with all workers.
 * Throws, with every reason, for one that cannot do what our operations need to be safe.
 */
export function composeProvider(
  { provider, breaker }: Pick<WorkerConfig, 'provider' | 'breaker'>,
  deps: BreakerDeps & { readonly tracing: Tracing },
): PaymentProvider {
  const pooled = pooledFetch({ connections: paymentCallsMaxDefault });
  const settings = { ...provider, fetch: tracedFetch(deps.tracing, provider.name, pooled) };
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
  return guarded(adapter, composeBreaker(provider.name, profile, deps));
}
