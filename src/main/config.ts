import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { isPublicAddress } from '../network/index.js';
import { downloads } from './config-objects.js';
import { ConfigError, type Environment, type Reader, readConfig } from './config-reader.js';
import { channelsOf, noticesSandbox, noticesTaken } from './config-notices.js';
import { patience, provider, webhooks, webhooksTaken } from './config-provider.js';
import { sinks } from './config-sinks.js';
import { variables } from './config-variables.js';

/** The names of every variable that Holdfast reads, as `.env.example` lists them. */
export const environmentVariables: readonly string[] = Object.keys(variables);

export type GatewayConfig = ReturnType<typeof gatewayConfig>;
export type WorkerConfig = ReturnType<typeof workerConfig>;
export type RelayConfig = ReturnType<typeof relayConfig>;
export type SandboxConfig = ReturnType<typeof sandboxConfig>;
export type DevConfig = ReturnType<typeof devConfig>;
export type DatabaseConfig = GatewayConfig['database'];
export type TemporalConfig = GatewayConfig['temporal'];

type Read = Reader<typeof variables>;

/** What the gateway needs. Like all below: frozen, or ConfigError with every mistake there is. */
export function gatewayConfig(environment = ourEnvironment()) {
  return readConfig(variables, environment, (read) => ({
    host: read.value('HOST'),
    port: read.value('PORT'),
    telemetry: telemetry(read, 'holdfast-gateway'),
    database: database(read),
    temporal: temporal(read, environment),
    auth: {
      issuer: read.value('AUTH_ISSUER'),
      audience: read.value('AUTH_AUDIENCE'),
      jwksUrl: read.value('AUTH_JWKS_URL'),
    },
    webhooks: webhooksTaken(read),
    notices: noticesTaken(read),
    objectStore: read.value('OBJECT_STORE'),
    uploadLimits: {
      ttlMs: read.value('UPLOAD_TTL_HOURS') * 3_600_000,
      openMax: read.value('UPLOADS_OPEN_MAX'),
    },
    downloads: downloads(read),
    approvalAbove: read.value('APPROVAL_AMOUNT'),
    noticeLimitPerHour: read.value('NOTICE_LIMIT_PER_HOUR'),
    payloadKeys: read.value('PAYLOAD_KEYS'),
  }));
}

/** What a worker needs. */
export function workerConfig(environment = ourEnvironment()) {
  return readConfig(variables, environment, (read) => ({
    host: read.value('HOST'),
    healthPort: read.value('HEALTH_PORT'),
    buildId: read.optional('WORKER_BUILD_ID'),
    telemetry: telemetry(read, 'holdfast-worker'),
    database: database(read),
    temporal: temporal(read, environment),
    provider: provider(read),
    services: { urls: read.optional('SERVICE_URLS') ?? {}, ...patience(read) },
    channels: channelsOf(read),
    breaker: {
      failuresInRow: read.value('BREAKER_FAILURES'),
      openMs: read.value('BREAKER_OPEN_MS'),
      stageMs: read.value('BREAKER_STAGE_MS'),
    },
    retentionDays: read.value('RETENTION_DAYS'),
    objectStore: read.value('OBJECT_STORE'),
    noticeLimitPerHour: read.value('NOTICE_LIMIT_PER_HOUR'),
    scanner: read.optional('SCANNER'),
    payloadKeys: read.value('PAYLOAD_KEYS'),
  }));
}

/** What a relay needs. */
export function relayConfig(environment = ourEnvironment()) {
  return readConfig(variables, environment, (read) => ({
    host: read.value('HOST'),
    healthPort: read.value('HEALTH_PORT'),
    telemetry: telemetry(read, 'holdfast-relay'),
    database: database(read),
    alerts: alerts(read),
    sinks: sinks(read, () => ({
      temporal: temporal(read, environment),
      payloadKeys: read.value('PAYLOAD_KEYS'),
    })),
  }));
}

/** What the sandbox provider needs. */
export function sandboxConfig(environment = ourEnvironment()) {
  return readConfig(variables, environment, (read) => ({
    host: read.value('HOST'),
    port: read.value('SANDBOX_PSP_PORT'),
    ledgerFile: read.value('SANDBOX_PSP_LEDGER_FILE'),
    visibilityDelayMs: read.value('SANDBOX_PSP_VISIBILITY_DELAY_MS'),
    webhooks: webhooks(read),
    logLevel: read.value('LOG_LEVEL'),
  }));
}

/** What the sandbox of notices needs. */
export function noticesSandboxConfig(environment = ourEnvironment()) {
  return readConfig(variables, environment, (read) => ({
    ...noticesSandbox(read),
    host: read.value('HOST'),
    logLevel: read.value('LOG_LEVEL'),
  }));
}

/** What `dev`, `demo` and `bench` need: nothing has to be set, they make their own secrets. */
export function devConfig(environment = ourEnvironment()) {
  return readConfig(variables, environment, (read) => ({
    host: read.value('HOST'),
    port: read.value('PORT'),
    healthPort: read.value('HEALTH_PORT'),
    sandboxPort: read.value('SANDBOX_PSP_PORT'),
    noticesPort: read.value('NOTICES_SANDBOX_PORT'),
    noticesSmtpPort: read.value('NOTICES_SANDBOX_SMTP_PORT'),
    telemetry: telemetry(read, 'holdfast-dev'),
    taskQueue: read.value('HOLDFAST_TASK_QUEUE'),
    provider: patience(read),
    ...servers(read),
  }));
}

/** What the tests need. They read no `.env`: whoever wants them on a server of his own says so. */
export function testConfig(environment: Environment = process.env) {
  return readConfig(variables, environment, servers);
}

/** What the development issuer puts into a token; the gateway of `dev` expects the same. */
export function tokenConfig(environment = ourEnvironment()) {
  return readConfig(variables, environment, (read) => ({
    issuer: read.optional('AUTH_ISSUER') ?? 'holdfast-development',
    audience: read.optional('AUTH_AUDIENCE') ?? 'holdfast',
  }));
}

/** What `npx holdfast` needs; the token is a secret and has no default. */
export function cliConfig(environment = ourEnvironment()) {
  return readConfig(variables, environment, (read) => ({
    url: read.value('HOLDFAST_URL'),
    token: read.value('HOLDFAST_TOKEN'),
  }));
}

/** The environment of a process that we start: ours, with these on top; undefined takes away. */
export function childEnvironment(over: Environment): Record<string, string> {
  return defined({ ...ourEnvironment(), ...over });
}

/** The result of `read`; when the environment cannot be used, says why and exits with 1. */
export function orExit<Config>(read: () => Config): Config {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}

function ourEnvironment(): Environment {
  // What is set already wins over the file.
  if (existsSync('.env')) process.loadEnvFile('.env');
  return process.env;
}

function telemetry(read: Read, service: string) {
  return {
    service: read.optional('OTEL_SERVICE_NAME') ?? service,
    logLevel: read.value('LOG_LEVEL'),
    otlpEndpoint: read.optional('OTEL_EXPORTER_OTLP_ENDPOINT'),
    metricsPort: read.value('METRICS_PORT'),
  };
}

/** Undefined when nobody is told. */
function alerts(read: Read) {
  const url = read.optional('ALERT_WEBHOOK_URL');
  const inside = read.value('ALERT_WEBHOOK_NETWORK') === 'any';
  const secret = read.optional('ALERT_WEBHOOK_SECRET');
  const linkBase = read.value('ALERT_LINK_URL');
  if (url === undefined) return undefined;
  const { protocol, hostname } = new URL(url);
  const address = hostname.replace(/^\[|\]$/g, '');
  // A name is looked at when it is connected to; an address is not looked up.
  const isInside = protocol !== 'https:' || (isIP(address) !== 0 && !isPublicAddress(address));
  if (isInside && !inside) {
    read.mistake('ALERT_WEBHOOK_URL', 'is not public https: ALERT_WEBHOOK_NETWORK=any allows it');
  }
  return { url, secret, inside, linkBase };
}

function database(read: Read) {
  const url = read.value('DATABASE_URL');
  const connectRetryMinMs = read.value('DATABASE_CONNECT_RETRY_MIN_MS');
  const connectRetryMaxMs = read.value('DATABASE_CONNECT_RETRY_MAX_MS');
  if (connectRetryMinMs > connectRetryMaxMs) {
    read.mistake('DATABASE_CONNECT_RETRY_MAX_MS', 'must not be less than the _MIN_MS');
  }
  return {
    url,
    migrateUrl: read.optional('DATABASE_MIGRATE_URL') ?? url,
    poolMax: read.value('DATABASE_POOL_MAX'),
    connectionLifetimeSeconds: read.value('DATABASE_CONNECTION_LIFETIME_SECONDS'),
    acquireTimeoutMs: read.value('DATABASE_ACQUIRE_TIMEOUT_MS'),
    connectRetries: read.value('DATABASE_CONNECT_RETRIES'),
    connectRetryMinMs,
    connectRetryMaxMs,
  };
}

function temporal(read: Read, environment: Environment) {
  const taskQueue = read.value('HOLDFAST_TASK_QUEUE');
  // The library takes a switch that it does not understand for "no TLS", a file that is not there
  // for no file, and half a client certificate for none: said here instead.
  read.optional('TEMPORAL_TLS');
  const file = read.optional('TEMPORAL_CONFIG_FILE');
  if (file && !existsSync(file)) read.mistake('TEMPORAL_CONFIG_FILE', 'names no file');
  const certificate =
    read.optional('TEMPORAL_TLS_CLIENT_CERT_PATH') ??
    read.optional('TEMPORAL_TLS_CLIENT_CERT_DATA');
  const key =
    read.optional('TEMPORAL_TLS_CLIENT_KEY_PATH') ?? read.optional('TEMPORAL_TLS_CLIENT_KEY_DATA');
  if (certificate && !key) read.mistake('TEMPORAL_TLS_CLIENT_KEY_PATH', 'is missing');
  if (key && !certificate) read.mistake('TEMPORAL_TLS_CLIENT_CERT_PATH', 'is missing');

  try {
    const { connectionOptions, namespace } = loadClientConnectConfig({
      overrideEnvVars: defined(environment),
    });
    return { connection: connectionOptions, namespace: namespace ?? 'default', taskQueue };
  } catch (error) {
    // The first line only: a TOML error goes on with an extract of the file, which may hold a key.
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    read.mistake('TEMPORAL_*', `settings cannot be used: ${reason}`);
    return { connection: {}, namespace: 'default', taskQueue };
  }
}

function servers(read: Read) {
  const caches = read.optional('XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  return {
    databaseUrl: read.optional('DATABASE_URL'),
    temporalCli: read.optional('TEMPORAL_CLI'),
    temporalTestServer: read.optional('TEMPORAL_TEST_SERVER'),
    cacheDir: read.optional('HOLDFAST_CACHE') ?? join(caches, 'holdfast'),
  };
}

function defined(environment: Environment): Record<string, string> {
  // An empty value is a variable that is not set.
  const set = Object.entries(environment).filter(([, value]) => value);
  return Object.fromEntries(set) as Record<string, string>;
}
