import { type Connection, openConnection } from './connection.js';
import { type Migration, readMigrations } from './migrations.js';
import { type ConnectRetries, type ConnectRetry, retryConnect } from './retry.js';
import { journalGrants, type RolePasswords, rolesStatement } from './roles.js';
import type { Database } from './connect.js';

export interface MigrateSettings extends ConnectRetries {
  /** The owner of the schema; a superuser, or one that may create roles. */
  readonly url: string;
  /** drizzle-kit's folder. */
  readonly folder: string;
  /** Gives the login roles these passwords; without it they stay as they are. */
  readonly roles?: RolePasswords;
  readonly onProgress?: (line: string) => void;
  readonly onRetry?: (retry: ConnectRetry) => void;
}

/**
 * Brings a database to the newest migration of the folder; gives the names of those it applied.
 * Any number of processes may do so at once. Throws when a migration fails (nothing of it stays),
 * when one that was applied was edited since, and when another process takes longer than 60 s.
 */
export async function migrate(settings: MigrateSettings): Promise<readonly string[]> {
  const migrations = await readMigrations(settings.folder);
  const connection = openConnection({
    url: settings.url,
    applicationName: 'holdfast-migrate',
    connectTimeoutMs: 3000,
    connectionLifetimeSeconds: 3600,
  });
  try {
    await retryConnect(() => run(connection, prepareJournal), settings, settings.onRetry);
    const applied: string[] = [];
    for (;;) {
      const [next] = pendingOf(migrations, await readJournal(connection));
      if (!next) break;
      settings.onProgress?.(`applying migration ${next.name}`);
      if (await apply(connection, next)) applied.push(next.name);
    }
    await run(connection, `${takeTurn}${journalGrants}`);
    if (settings.roles) await applyRoles(connection, settings.roles);
    return applied;
  } finally {
    await connection.close(1000);
  }
}

/** `behind`: a migration is missing. `ahead`: the database knows a newer one, which is no fault. */
export type SchemaState = 'current' | 'behind' | 'ahead';

/** Where a database stands against the folder; a journal that is kept from us is not finished. */
export async function schemaState(database: Database, folder: string): Promise<SchemaState> {
  const newest = (await readMigrations(folder)).at(-1)?.when ?? 0;
  try {
    const [row] = await database.sql<{ when: number | null }>`
      select max(created_at) as when from drizzle.__drizzle_migrations`;
    const reached = row?.when ?? 0;
    return reached === newest ? 'current' : reached < newest ? 'behind' : 'ahead';
  } catch (error) {
    if (unfinished.includes(codeOf(error))) return 'behind';
    throw error;
  }
}

interface Applied {
  readonly when: number;
  readonly hash: string;
}

// No such table, and not for this role: its grants come after the last migration.
const unfinished: readonly unknown[] = ['42P01', '42501'];
const alreadyApplied = 'HF001';

// Held until the end of the statement it opens: a lost connection cannot leave it behind, nor can
// a new one go on without it. The key is any number, the same for all of us.
const takeTurn = `
set local statement_timeout = 0;
set local lock_timeout = '60s';
select pg_advisory_xact_lock(4702394921427341);
-- Behind a reader we wait a little only, since every later query waits behind us.
set local lock_timeout = '5s';
`;

const prepareJournal = `${takeTurn}
create schema if not exists drizzle;
create table if not exists drizzle.__drizzle_migrations (
  id serial primary key,
  hash text not null,
  created_at bigint
);
`;

async function readJournal({ sql }: Connection): Promise<readonly Applied[]> {
  return await sql<Applied[]>`
    select created_at as when, hash from drizzle.__drizzle_migrations order by created_at`;
}

function pendingOf(migrations: readonly Migration[], journal: readonly Applied[]) {
  const hashes = new Map(journal.map(({ when, hash }) => [when, hash]));
  const edited = migrations.find(({ when, hash }) => (hashes.get(when) ?? hash) !== hash);
  if (edited) {
    throw new Error(
      `migration ${edited.name} was edited after this database applied it: write a new one instead`,
    );
  }
  const reached = journal.at(-1)?.when ?? 0;
  return migrations.filter(({ when }) => when > reached);
}

/** Applies it and its line in the journal as one; false when another process just did. */
async function apply(connection: Connection, { when, hash, text }: Migration): Promise<boolean> {
  const journalled = `select from drizzle.__drizzle_migrations where created_at >= ${when}`;
  try {
    await run(
      connection,
      `${takeTurn}
do $turn$ begin
  if exists (${journalled}) then
    raise exception 'applied' using errcode = '${alreadyApplied}';
  end if;
end $turn$;
${text}
;insert into drizzle.__drizzle_migrations (hash, created_at) values ('${hash}', ${when});`,
    );
    return true;
  } catch (error) {
    if (codeOf(error) === alreadyApplied) return false;
    throw error;
  }
}

/** Roles belong to the cluster, the turn to one database: somebody else may be at them as well. */
async function applyRoles(connection: Connection, roles: RolePasswords): Promise<void> {
  const triesMax = 10;
  for (let tried = 1; ; tried += 1) {
    try {
      return await run(connection, `${takeTurn}${rolesStatement(roles)}`);
    } catch (error) {
      const raced = error instanceof Error && error.message.includes('concurrently updated');
      if (!raced || tried === triesMax) throw error;
    }
  }
}

/** Several statements at once run as one transaction: all of them, or none. */
async function run({ sql }: Connection, statements: string): Promise<void> {
  await sql.unsafe(statements).simple();
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
