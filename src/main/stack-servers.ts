import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDatabase, migrate, readerRole, urlAs, workerRole } from '../database/index.js';
import { type IssuerServer, startIssuer } from '../servers/issuer.js';
import { type PostgresServer, startPostgres } from '../servers/postgres.js';
import { keptSecret } from '../servers/secret-file.js';
import { startTemporal } from '../servers/temporal.js';
import { readTemporalConfig } from '../servers/temporal-config.js';
import { tokenConfig } from './config.js';
import { migrationsDir } from './schema.js';

export interface ServersOptions {
  /** Keeps what the servers know, the keys and the passwords. */
  readonly stateDir: string;
  /** True keeps PostgreSQL's data when we stop. */
  readonly keep: boolean;
  /** Of Temporal and its Web UI; those of temporal-dev.yaml when left out, 0 for free ones. */
  readonly temporalPort?: number | undefined;
  readonly temporalUiPort?: number | undefined;
  /** A PostgreSQL to use as it is, in place of one of ours. */
  readonly databaseUrl?: string | undefined;
  /** The temporal command, when it is not to be looked for. */
  readonly temporalCli?: string | undefined;
  readonly cacheDir: string;
  readonly onProgress: (line: string) => void;
}

/** The database, migrated, as each of the roles that use it. */
export interface StackDatabase {
  readonly ownerUrl: string;
  readonly workerUrl: string;
  readonly readerUrl: string;
  /** The server, which can be killed and started again; undefined for the user's own. */
  readonly server: Pick<PostgresServer, 'pid' | 'restart'> | undefined;
  stop(): Promise<void>;
}

/** The Temporal server, which can be killed and started again with all that it knows. */
export interface StackTemporal {
  readonly address: string;
  readonly namespace: string;
  readonly uiUrl: string;
  readonly pid: number;
  start(): Promise<void>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

const temporalYaml = fileURLToPath(new URL('../../temporal-dev.yaml', import.meta.url));
const databaseName = 'holdfast';

/** PostgreSQL with the newest schema, its roles able to log in; or the one that the user gave. */
export async function startStackDatabase(options: ServersOptions): Promise<StackDatabase> {
  const { stateDir, databaseUrl, onProgress } = options;
  if (databaseUrl !== undefined) {
    await migrate({ url: databaseUrl, folder: migrationsDir, onProgress });
    const url = databaseUrl;
    const server = undefined;
    return { ownerUrl: url, workerUrl: url, readerUrl: url, server, stop: async () => undefined };
  }
  // What is not kept goes where PostgreSQL's own user can reach it: not below a private folder.
  const dataDir = options.keep ? join(stateDir, 'postgres') : undefined;
  const server = await startPostgres({ ...options, dataDir });
  try {
    const url = await ourDatabase(server.url);
    const [worker, reader] = await Promise.all([
      keptSecret(join(stateDir, 'worker-password'), password),
      keptSecret(join(stateDir, 'reader-password'), password),
    ]);
    const roles = { worker: { password: worker }, reader: { password: reader } };
    await migrate({ url, folder: migrationsDir, roles, onProgress });
    return {
      ownerUrl: url,
      workerUrl: urlAs(url, workerRole, worker),
      readerUrl: urlAs(url, readerRole, reader),
      server,
      stop: server.stop,
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The Temporal server that temporal-dev.yaml describes, with its data in the state folder. */
export async function startStackTemporal(options: ServersOptions): Promise<StackTemporal> {
  const config = await readTemporalConfig(temporalYaml);
  const databaseFile = join(options.stateDir, 'temporal.db');
  const common = { config, databaseFile, ...executableOf(options) };
  await mkdir(options.stateDir, { recursive: true });
  let server = await startTemporal({
    ...common,
    port: options.temporalPort,
    uiPort: options.temporalUiPort,
  });
  const { address, port, namespace, uiUrl = '' } = server;
  return {
    address,
    namespace,
    uiUrl,
    get pid() {
      return server.pid;
    },
    async start() {
      server = await startTemporal({ ...common, port, uiPort: Number(new URL(uiUrl).port) });
    },
    kill: () => server.kill(),
    stop: () => server.stop(),
  };
}

/** The issuer of the tokens that the gateway of this stack takes. */
export function startStackIssuer(stateDir: string): Promise<IssuerServer> {
  return startIssuer({ dir: stateDir, ...tokenConfig() });
}

/** The value of PAYLOAD_KEYS, made once for each state folder. */
export function stackPayloadKeys(stateDir: string): Promise<string> {
  return keptSecret(
    join(stateDir, 'payload-keys'),
    () => `dev:${randomBytes(32).toString('base64')}`,
  );
}

/** What the provider signs its events with, kept in the state directory. */
export function stackWebhookSecret(stateDir: string): Promise<string> {
  return keptSecret(
    join(stateDir, 'webhook-secret'),
    () => `whsec_${randomBytes(32).toString('base64')}`,
  );
}

/** What signs the links of its downloads. */
export function stackLinkSecret(stateDir: string): Promise<string> {
  return keptSecret(join(stateDir, 'link-secret'), () => randomBytes(32).toString('base64'));
}

function password(): string {
  return randomBytes(24).toString('hex');
}

function executableOf({ temporalCli, cacheDir, onProgress }: ServersOptions) {
  return { executable: temporalCli, cacheDir, onProgress };
}

/** The URL of our database on that server, made when it is not there. */
async function ourDatabase(serverUrl: string): Promise<string> {
  const server = createDatabase({
    url: serverUrl,
    poolMax: 1,
    applicationName: 'holdfast-dev',
    answerTimeoutMs: 30_000,
  });
  const [found] = await server.sql`select from pg_database where datname = ${databaseName}`;
  // As the text of the name above: a name cannot be a parameter here.
  if (found === undefined) await server.sql`create database holdfast`;
  await server.close(1_000);
  const url = new URL(serverUrl);
  url.pathname = `/${databaseName}`;
  return url.href;
}
