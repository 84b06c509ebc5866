import { fileURLToPath } from 'node:url';
import { type Database, migrate, schemaState } from '../database/index.js';
import type { Log } from '../telemetry/index.js';
import type { DatabaseConfig } from './config.js';

/** The migrations: the same folder from `src` and from `dist`. */
export const migrationsDir = fileURLToPath(new URL('../../drizzle', import.meta.url));

/**
 * Waits for the database and brings its schema to the newest state when it is behind. Throws with
 * one sentence that says what to do when this process may not.
 */
export async function ensureSchema(
  database: Database,
  config: DatabaseConfig,
  log: Log,
): Promise<void> {
  await database.connect();
  if ((await schemaState(database, migrationsDir)) !== 'behind') return;
  try {
    const onProgress = (line: string) => log.info({ module: 'database' }, line);
    await migrate({ ...config, url: config.migrateUrl, folder: migrationsDir, onProgress });
  } catch (cause) {
    const hint =
      config.migrateUrl === config.url
        ? 'set DATABASE_MIGRATE_URL to its owner, or run the migrate command as its owner'
        : 'the role of DATABASE_MIGRATE_URL could not migrate it';
    throw new Error(`the schema of the database is not the newest: ${hint}`, { cause });
  }
}
