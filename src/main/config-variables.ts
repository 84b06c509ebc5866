import { variables as alertVariables } from './config-alert-variables.js';
import { variables as eventVariables } from './config-event-variables.js';
import { variables as noticeVariables } from './config-notice-variables.js';
import { variables as providerVariables } from './config-provider-variables.js';
import { variables as objectVariables } from './config-object-variables.js';
import type { Variable } from './config-reader.js';
import { variables as uploadVariables } from './config-upload-variables.js';
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

  ...providerVariables,

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
  NOTICE_LIMIT_PER_HOUR: {
    doc: 'How many notices one recipient is given in an hour, by whomever.',
    value: kind.whole(1, 1_000_000),
    fallback: '20',
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

  ...objectVariables,
  ...uploadVariables,

  ...eventVariables,
  ...noticeVariables,

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
