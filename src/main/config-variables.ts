import { paymentProviders } from '../domain/index.js';
import { variables as alertVariables } from './config-alert-variables.js';
import { variables as eventVariables } from './config-event-variables.js';
import type { Variable } from './config-reader.js';
import * as kind from './config-values.js';

/** Every variable that Holdfast reads; `.env.example` is written from it. */
export const variables = {
  HOST: {
    section: 'Where a process listens',
    doc: 'Address that a process listens on; 0.0.0.0 in a container.',
    value: kind.address,
    fallback: '127.0.0.1',
  },
  PORT: { doc: 'Port of the gateway.', value: kind.port, fallback: '3000' },
  HEALTH_PORT: {
    doc: 'Port of /readyz of a worker or a relay; `npm run dev` gives the relay the next one.',
    value: kind.port,
    fallback: '8081',
  },
  METRICS_PORT: {
    doc: 'Port of /metrics (Prometheus), one for each process on a machine, or off.',
    value: kind.portOrOff,
    fallback: '9464',
  },

  DATABASE_URL: {
    section: 'PostgreSQL',
    doc: 'The ledger, as the role that executes verbs (worker) or the one that reads (gateway).',
    value: kind.postgresUrl,
    example: 'postgres://holdfast_worker:password@127.0.0.1:5432/holdfast',
  },
  DATABASE_MIGRATE_URL: {
    doc: 'The same database as its owner, to migrate at start; DATABASE_URL when not set.',
    value: kind.postgresUrl,
    example: 'postgres://holdfast_owner:password@127.0.0.1:5432/holdfast',
  },
  DATABASE_POOL_MAX: {
    doc: 'Connections of one process at most.',
    value: kind.whole(1, 500),
    fallback: '10',
  },
  DATABASE_CONNECTION_LIFETIME_SECONDS: {
    doc: 'A connection is replaced after this long.',
    value: kind.whole(10, 86_400),
    fallback: '3600',
  },
  RETENTION_DAYS: {
    doc: 'How long published events, decided webhooks and resolved findings are kept.',
    value: kind.whole(1, 3_650),
    fallback: '30',
  },
  DATABASE_ACQUIRE_TIMEOUT_MS: {
    doc: 'Longest wait for a free connection; past it the answer is 503.',
    value: kind.whole(10, 60_000),
    fallback: '2000',
  },
  DATABASE_CONNECT_RETRIES: {
    doc: 'Further tries when a connection cannot be made.',
    value: kind.whole(0, 20),
    fallback: '3',
  },
  DATABASE_CONNECT_RETRY_MIN_MS: {
    doc: 'Wait before the first further try; it doubles.',
    value: kind.whole(1, 60_000),
    fallback: '1000',
  },
  DATABASE_CONNECT_RETRY_MAX_MS: {
    doc: 'Longest wait between two tries.',
    value: kind.whole(1, 600_000),
    fallback: '10000',
  },

  TEMPORAL_ADDRESS: {
    section: 'Temporal, as every Temporal program reads it',
    doc: 'Host and port of the frontend; localhost:7233 when not set.',
    value: kind.text,
    example: 'localhost:7233',
  },
  TEMPORAL_NAMESPACE: {
    doc: 'Namespace; default when not set.',
    value: kind.text,
    example: 'default',
  },
  TEMPORAL_API_KEY: { doc: 'API key, for Temporal Cloud; a secret.', value: kind.text },
  TEMPORAL_TLS: {
    doc: 'Whether to use TLS; it is on when an API key or a TLS setting is given.',
    value: kind.word('true', 'false', '1', '0'),
    example: 'true',
  },
  TEMPORAL_TLS_CLIENT_CERT_PATH: { doc: 'Client certificate, a PEM file.', value: kind.text },
  TEMPORAL_TLS_CLIENT_CERT_DATA: { doc: 'Client certificate, as PEM text.', value: kind.text },
  TEMPORAL_TLS_CLIENT_KEY_PATH: { doc: 'Key of the client, a PEM file.', value: kind.text },
  TEMPORAL_TLS_CLIENT_KEY_DATA: { doc: 'Key of the client, PEM text; a secret.', value: kind.text },
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: { doc: 'Authority of the server, a file.', value: kind.text },
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: { doc: 'Authority of the server, as text.', value: kind.text },
  TEMPORAL_TLS_SERVER_NAME: { doc: 'Name in the certificate of the server.', value: kind.text },
  TEMPORAL_CONFIG_FILE: {
    doc: 'Profiles, a TOML file; the variables above win.',
    value: kind.text,
  },
  TEMPORAL_PROFILE: {
    doc: 'Profile of that file; default when not set.',
    value: kind.text,
    example: 'default',
  },
  HOLDFAST_TASK_QUEUE: {
    doc: 'Task queue that workers serve and operations are started on.',
    value: kind.text,
    fallback: 'holdfast',
  },
  WORKER_BUILD_ID: {
    doc: [
      "Which build a worker is, such as its image's tag; each build has another. Temporal then",
      'gives it work once that version is current; without it workers are not told apart.',
    ].join('\n'),
    value: kind.text,
    example: '0.1.0-3f2c1ab',
  },

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

  AUTH_ISSUER: {
    section: 'Who may ask',
    doc: 'Issuer that tokens must name (iss).',
    value: kind.text,
    example: 'https://login.example.com/',
  },
  AUTH_AUDIENCE: {
    doc: 'Audience that tokens must name (aud).',
    value: kind.text,
    example: 'holdfast',
  },
  AUTH_JWKS_URL: {
    doc: 'Public keys of the issuer (RS256).',
    value: kind.httpUrl,
    example: 'https://login.example.com/.well-known/jwks.json',
  },
  APPROVAL_AMOUNT: {
    doc: 'What moves more, in minor units, waits for a second person of the staff; or off.',
    value: kind.amountOrOff,
    fallback: 'off',
  },
  PAYLOAD_KEYS: {
    doc: [
      'Keys for free text and personal data, id:base64 of 32 bytes; a secret. The first seals, all',
      'open, the last makes fingerprints and stays for ever: put a new key in front. Make one with',
      `node -p "'k1:' + crypto.randomBytes(32).toString('base64')"`,
    ].join('\n'),
    value: kind.payloadKeys,
    example: 'k2:base64-of-32-bytes,k1:base64-of-32-bytes',
  },

  ...eventVariables,

  LOG_LEVEL: {
    section: 'What can be seen',
    doc: 'Lines of this level and above are written, as JSON, to stdout.',
    value: kind.word('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    fallback: 'info',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    doc: 'Where traces go (OTLP over HTTP); without it they are kept nowhere.',
    value: kind.httpUrl,
    example: 'http://127.0.0.1:4318',
  },
  OTEL_SERVICE_NAME: {
    doc: 'Name of this process in logs and traces; holdfast-worker and so on when not set.',
    value: kind.text,
    example: 'holdfast-worker',
  },

  ...alertVariables,

  HOLDFAST_URL: {
    section: 'Command line',
    doc: 'The gateway that npx holdfast talks to.',
    value: kind.httpUrl,
    fallback: 'http://127.0.0.1:3000',
  },
  HOLDFAST_TOKEN: {
    doc: 'Token for it; npm run --silent token -- ROLE prints one for development. A secret.',
    value: kind.text,
  },

  HOLDFAST_CACHE: {
    section: 'Development and tests',
    doc: 'Where servers are kept that were fetched or built once; ~/.cache/holdfast when not set.',
    value: kind.text,
    example: '/var/cache/holdfast',
  },
  XDG_CACHE_HOME: { doc: 'Caches of this user; ~/.cache when not set.', value: kind.text },
  TEMPORAL_CLI: {
    doc: 'The temporal command, when it is not on PATH and should not be fetched.',
    value: kind.text,
    example: '/usr/local/bin/temporal',
  },
  TEMPORAL_TEST_SERVER: {
    doc: 'The time-skipping test server, when it should not be fetched.',
    value: kind.text,
    example: '/usr/local/bin/temporal-test-server',
  },
} as const satisfies Record<string, Variable>;
