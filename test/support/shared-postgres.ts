import { createHash, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { openConnection, type Sql } from '../../src/database/connection.js';
import { migrate } from '../../src/database/index.js';
import type { testConfig } from '../../src/main/config.js';
import { startPostgres } from '../../src/servers/index.js';

/** A server with a migrated database that is cloned for whoever needs one. */
export interface SharedPostgres {
  /** For who may make databases. */
  readonly url: string;
  /** A migrated database that nobody connects to, to be cloned. */
  readonly template: string;
  readonly workerPassword: string;
  readonly readerPassword: string;
}

const folder = fileURLToPath(new URL('../../drizzle', import.meta.url));

/** The server that the settings name, or one of our own, with its template; `stop` undoes it. */
export async function startSharedPostgres(
  { databaseUrl, cacheDir }: ReturnType<typeof testConfig>,
  onProgress: (line: string) => void,
): Promise<{ readonly postgres: SharedPostgres; readonly stop: () => Promise<void> }> {
  const ours =
    databaseUrl === undefined
      ? await startPostgres({ cacheDir, onProgress, keep: false, settings: { fsync: 'off' } })
      : undefined;
  const url = ours?.url ?? databaseUrl ?? '';
  const template = `holdfast_test_${randomBytes(6).toString('hex')}`;
  // From the owner's own secret, so that two runs on one server give the roles the same one.
  const password = createHash('sha256').update(`holdfast test ${url}`).digest('hex');
  await asOwner(url, (sql) => sql.unsafe(`create database ${template}`));
  const stop = async () => {
    await asOwner(url, (sql) => dropAll(sql, template));
    await ours?.stop();
  };
  const own = new URL(url);
  own.pathname = template;
  const roles = { worker: { password }, reader: { password } };
  await migrate({ url: own.href, folder, roles });
  const postgres = { url, template, workerPassword: password, readerPassword: password };
  return { postgres, stop };
}

/** The template, and what was cloned from it. */
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
