import { paymentProviders } from '../domain/index.js';
import type { Variable } from './config-reader.js';
import * as kind from './config-values.js';

/** The variables of the payment provider, in the order of `.env.example`. */
export const variables = {
  PAYMENT_PROVIDER: {
    section: 'Payment provider',
    doc: 'Which provider charges.',
    value: kind.word(...paymentProviders),
    fallback: 'sandbox',
  },
  PROVIDER_TIMEOUT_MS: {
    doc: 'Longest wait for an answer of the provider; past it the charge is in doubt.',
    value: kind.whole(100, 60_000),
    fallback: '10000',
  },
  DOUBT_LADDER: {
    doc: 'Waits before each look-up of a charge in doubt; after the last a person decides.',
    value: kind.ladder,
    fallback: '1s,2s,4s,8s,15s,30s,1m,2m,5m,10m,15m,30m,1h,2h,4h,6h,8h,12h,24h,24h',
  },
  BREAKER_FAILURES: {
    doc: 'After so many failures in a row, of all workers, no payment is sent for a while.',
    value: kind.whole(1, 1_000),
    fallback: '3',
  },
  BREAKER_OPEN_MS: {
    doc: 'How long that is; payments wait meanwhile with their money held.',
    value: kind.whole(100, 3_600_000),
    fallback: '60000',
  },
  BREAKER_STAGE_MS: {
    doc: 'How long a tenth of the payments is sent after that, and then half of them.',
    value: kind.whole(100, 3_600_000),
    fallback: '30000',
  },
  STRIPE_API_KEY: {
    doc: 'Needed with PAYMENT_PROVIDER=stripe; a secret: a secret or restricted key of Stripe.',
    value: kind.stripeApiKey,
    example: 'sk_test_...',
  },
  STRIPE_API_BASE: {
    doc: "Where Stripe's API is, when not at Stripe.",
    value: kind.httpUrl,
    example: 'http://127.0.0.1:12111',
  },
  STRIPE_PAYMENT_METHOD: {
    doc: 'What is charged at Stripe; a test card when left out, with test keys only.',
    value: kind.text,
    example: 'pm_card_visa',
  },
  STRIPE_CUSTOMER: {
    doc: 'The customer of Stripe whose payment method that is.',
    value: kind.text,
    example: 'cus_...',
  },
  STRIPE_WEBHOOK_SECRET: {
    doc: [
      'What signs the events of its endpoint (PAYMENT_PROVIDER=stripe); a secret. Without it the',
      'gateway takes none. While it is being rolled: new and old. The gateway then needs',
      'STRIPE_API_KEY too, to tell events of test mode from live ones.',
    ].join('\n'),
    value: kind.stripeWebhookSecrets,
    example: 'whsec_...',
  },
  SERVICE_URLS: {
    doc: [
      'Where the services are that operations use beside the payment provider; of one that is not',
      'named here no step ever begins. The sandbox stands in for each: .../services/NAME.',
    ].join('\n'),
    value: kind.serviceUrls,
    example: 'warehouse=http://127.0.0.1:3010/services/warehouse,carrier=https://carrier.example',
  },
  SANDBOX_PSP_URL: {
    doc: 'Where the sandbox provider is.',
    value: kind.httpUrl,
    example: 'http://127.0.0.1:3010',
  },
  SANDBOX_PSP_WEBHOOK_SECRET: {
    doc: [
      'What signs its webhooks; a secret. Without it the gateway takes none. To replace it: new',
      'and old, until the provider signs with the new one. Make one with',
      `node -p "'whsec_' + crypto.randomBytes(32).toString('base64')"`,
    ].join('\n'),
    value: kind.webhookSecrets,
    example: 'whsec_base64-of-32-bytes',
  },
  SANDBOX_PSP_PORT: { doc: 'Port of the sandbox provider.', value: kind.port, fallback: '3010' },
  SANDBOX_PSP_LEDGER_FILE: {
    doc: 'Its own record of what it did: append-only, flushed to disk before each answer.',
    value: kind.text,
    fallback: '.holdfast/sandbox.jsonl',
  },
  SANDBOX_PSP_VISIBILITY_DELAY_MS: {
    doc: 'How long its look-ups lag behind its charges.',
    value: kind.whole(0, 3_600_000),
    fallback: '0',
  },
  SANDBOX_PSP_WEBHOOK_URL: {
    doc: 'Where it sends its events, signed with the first secret; without both it sends none.',
    value: kind.httpUrl,
    example: 'http://127.0.0.1:3000/v1/webhooks/sandbox',
  },
} as const satisfies Record<string, Variable>;
