import { createHash, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { openConnection, type Sql } from '../../src/database/connection.js';
import { migrate } from '../../src/database/index.js';
import { testConfig } from '../../src/main/config.js';
import {
  findTestServer,
  readTemporalConfig,
  startPostgres,
  startTemporal,
} from '../../src/servers/index.js';

/** The servers that all test files share. */
export interface SharedServers {
  readonly postgres: {
    /** For who may make databases. */
    readonly url: string;
    /** A migrated database that nobody connects to, to be cloned. */
    readonly template: string;
    readonly workerPassword: string;
    readonly readerPassword: string;
  };
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** The time-skipping test server, to be started by who needs one. */
  readonly testServerPath: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    servers: SharedServers;
  }
}

const config = testConfig();
const onProgress = (line: string) => void process.stderr.write(`${line}\n`);
const kept = { cacheDir: config.cacheDir, onProgress };
const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

// What was started, to be stopped in the opposite order. Should we die, the servers end themselves.
const stops: (() => Promise<void>)[] = [];

/** Starts what the tests share, all at once. */
export async function setup(project: TestProject): Promise<void> {
  const servers = [startDatabase(), startWorkflows(), findTimeSkipping()] as const;
  const failed = (await Promise.allSettled(servers)).filter((each) => each.status === 'rejected');
  if (failed.length > 0) {
    await teardown();
    throw new Error(failed.map(({ reason }) => String(reason)).join('\n'));
  }
  const [postgres, temporal, testServerPath] = await Promise.all(servers);
  project.provide('servers', { postgres, temporal, testServerPath });
}

export async function teardown(): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop();
}

async function startDatabase(): Promise<SharedServers['postgres']> {
  const url = config.databaseUrl ?? (await startOurs());
  const template = `holdfast_test_${randomBytes(6).toString('hex')}`;
  // From the owner's own secret, so that two runs on one server give the roles the same one.
  const password = createHash('sha256').update(`holdfast test ${url}`).digest('hex');
  await asOwner(url, (sql) => sql.unsafe(`create database ${template}`));
  stops.push(() => asOwner(url, (sql) => dropAll(sql, template)));
  const own = new URL(url);
  own.pathname = template;
  const roles = { worker: { password }, reader: { password } };
  await migrate({ url: own.href, folder: path('drizzle'), roles });
  return { url, template, workerPassword: password, readerPassword: password };
}

async function startOurs(): Promise<string> {
  const settings = { fsync: 'off' };
  const server = await startPostgres({ ...kept, keep: false, settings });
  stops.push(server.stop);
  return server.url;
}

async function startWorkflows(): Promise<SharedServers['temporal']> {
  const server = await startTemporal({
    ...kept,
    executable: config.temporalCli,
    config: await readTemporalConfig(path('temporal-dev.yaml')),
    port: 0,
    headless: true,
  });
  stops.push(server.stop);
  return { address: server.address, namespace: server.namespace };
}

function findTimeSkipping(): Promise<string> {
  return findTestServer({ ...kept, executable: config.temporalTestServer });
}

/** The template, and what test files cloned from it. */
async function dropAll(sql: Sql, template: string): Promise<void> {
  const clones = await sql<{ name: string }[]>`
    select datname as name from pg_database where datname ^@ ${template}`;
  for (const { name } of clones) await sql.unsafe(`drop database ${name} with (force)`);
}

async function asOwner(url: string, act: (sql: Sql) => PromiseLike<unknown>): Promise<void> {
  const connection = openConnection({
    url,
    applicationName: 'holdfast-test-setup',
    connectTimeoutMs: 10_000,
    connectionLifetimeSeconds: 3600,
  });
  try {
    await act(connection.sql);
  } finally {
    await connection.close(1000);
  }
}
