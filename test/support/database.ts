import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { columnTypes, type Sql } from '../../src/database/connection.js';
import {
  createDatabase,
  type Database,
  readerRole,
  urlAs,
  workerRole,
} from '../../src/database/index.js';
import { eventually } from './eventually.js';
import type { SharedPostgres } from './shared-postgres.js';

/** A database for one test file, migrated and empty. */
export interface TestDatabase {
  readonly ownerUrl: string;
  readonly workerUrl: string;
  readonly readerUrl: string;
  /** As the worker sees it. */
  readonly database: Database;
  /** As its owner, for looking and for breaking things; eight connections, no limits. */
  readonly owner: Sql;
  /** Ends it now; if nobody does, the end of the run does. */
  drop(): Promise<void>;
}

/** Clones the migrated template; or, with `empty`, makes a database with nothing in it. */
export function aDatabase({ empty = false } = {}): Promise<TestDatabase> {
  return cloneOf(inject('servers').postgres, empty);
}

/** As `aDatabase`, of a server that is given. */
export async function cloneOf(
  { url, template, workerPassword, readerPassword }: SharedPostgres,
  empty = false,
): Promise<TestDatabase> {
  // The template's name in front: so the end of the run finds it.
  const name = `${template}_${randomBytes(4).toString('hex')}`;
  const source = empty ? 'template0' : template;
  // Refused for a moment while the server's own autovacuum looks at the template.
  await eventually(() => asAdministrator(url, `create database ${name} template ${source}`));

  const own = new URL(url);
  own.pathname = name;
  const passwords = { worker: workerPassword, reader: readerPassword };
  return seenBy(own.href, passwords, () =>
    asAdministrator(url, `drop database if exists ${name} with (force)`),
  );
}

/** A migrated database as each of its roles; `drop` ends it once nobody is connected. */
export function seenBy(
  ownerUrl: string,
  passwords: { readonly worker: string; readonly reader: string },
  drop: () => Promise<void>,
): TestDatabase {
  const workerUrl = urlAs(ownerUrl, workerRole, passwords.worker);
  const readerUrl = urlAs(ownerUrl, readerRole, passwords.reader);
  const database = createDatabase({ url: workerUrl, poolMax: 8, applicationName: 'test' });
  const owner: Sql = postgres(ownerUrl, { ...quiet, max: 8, idle_timeout: 5 });
  return {
    ...{ ownerUrl, workerUrl, readerUrl, database, owner },
    drop: async () => {
      await Promise.all([database.close(1000), owner.end({ timeout: 1 })]);
      await drop();
    },
  };
}

const quiet = { types: columnTypes, fetch_types: false, onnotice: () => {} };

async function asAdministrator(url: string, statement: string): Promise<void> {
  const administrator = postgres(url, { ...quiet, max: 1 });
  try {
    await administrator.unsafe(statement);
  } finally {
    await administrator.end({ timeout: 1 });
  }
}
