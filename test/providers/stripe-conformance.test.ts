import { createStripeProvider } from '../../src/providers/stripe/index.js';
import { startStripeSimulator } from '../support/stripe-simulator/server.js';
import { conformance } from './conformance.js';
import type { ConformanceWorld } from './conformance-world.js';

conformance('the Stripe provider', aStripeWorld);

const faultOf = { 'answer-lost': 'reset-after', 'request-lost': 'reset-before' } as const;

async function aStripeWorld(): Promise<ConformanceWorld> {
  const stripe = await startStripeSimulator();
  let stopped: Promise<void> | undefined;
  return {
    provider: createStripeProvider({
      apiKey: 'sk_test_simulator',
      apiBase: stripe.url,
      requestTimeoutMs: 10_000,
    }),
    fault: async (fault) => stripe.misbehave(faultOf[fault]),
    async effects() {
      const counts: Record<string, number> = {};
      for (const { key = '' } of stripe.effects) counts[key] = (counts[key] ?? 0) + 1;
      return counts;
    },
    async decide() {
      for (const payout of stripe.payouts.values()) payout.status = 'paid';
    },
    async stop() {
      stopped ??= stripe.close();
      await stopped;
    },
  };
}
