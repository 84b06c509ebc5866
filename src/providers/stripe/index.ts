/**
 * @module providers/stripe: card payments, refunds and payouts at Stripe, one request per step.
 * lives here: the adapter (client.ts), amounts, errors and objects of Stripe, its signed events
 * may touch: domain, the provider port, fetch, the stripe package
 * never: card details, our database, Temporal, a request that repeats by itself
 * proved in: test/providers/stripe-*, on a simulator with a memory and on stripe-mock
 */
export { createStripeProvider, type StripeProviderOptions } from './client.js';
export { createStripeWebhooks } from './webhook.js';
