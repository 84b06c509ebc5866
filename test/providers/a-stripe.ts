import { onTestFinished } from 'vitest';
import { money, type OutsideAnswer } from '../../src/domain/index.js';
import type { OutsideRequest, PaymentProvider } from '../../src/providers/provider.js';
import {
  createStripeProvider,
  type StripeProviderOptions,
} from '../../src/providers/stripe/index.js';
import { startStripeSimulator, type StripeSimulator } from '../support/stripe-simulator/server.js';

/** A Stripe of the test's own, the adapter on it, and other adapters on it. */
export async function aStripe(options: Partial<StripeProviderOptions> = {}): Promise<{
  stripe: StripeSimulator;
  provider: PaymentProvider;
  another: (options: Partial<StripeProviderOptions>) => PaymentProvider;
}> {
  const stripe = await startStripeSimulator();
  onTestFinished(stripe.close);
  const another = (more: Partial<StripeProviderOptions>) =>
    createStripeProvider({
      apiKey: 'sk_test_simulator',
      apiBase: stripe.url,
      requestTimeoutMs: 20_000,
      ladderMs: [1_000],
      ...more,
    });
  return { stripe, provider: another(options), another };
}

/** A step over 12.50 USD, under a reference of its own kind. */
export function aStep(
  step: OutsideRequest['step'],
  more: Partial<OutsideRequest> = {},
): OutsideRequest {
  return {
    ...{ step, reference: `op_one:${step}.1:1`, amount: money(12_50, 'USD') },
    ...(step === 'payout' && { destination: 'ba_any' }),
    ...more,
  };
}

/** The id of a charge that went well. */
export async function charged(
  provider: PaymentProvider,
  step: 'charge' | 'authorize',
): Promise<string> {
  const outcome = await provider.perform(aStep(step));
  const value: OutsideAnswer | undefined = outcome.kind === 'ok' ? outcome.value : undefined;
  if (value?.kind !== 'captured' && value?.kind !== 'authorized') {
    throw new Error(JSON.stringify(outcome));
  }
  return value.chargeId;
}
