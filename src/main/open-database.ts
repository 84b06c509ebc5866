import { createDatabase, type Database } from '../database/index.js';
import type { Log } from '../telemetry/index.js';
import type { DatabaseConfig } from './config.js';
import { ensureSchema } from './schema.js';

/** The database of a process, answering, with the newest schema; throws when it cannot be that. */
export async function openDatabase(
  settings: DatabaseConfig,
  applicationName: string,
  log: Log,
): Promise<Database> {
  const database = createDatabase({
    ...settings,
    applicationName,
    onEvent: ({ kind, error }) => log.warn({ module: 'database', err: error }, kind),
  });
  await ensureSchema(database, settings, log);
  return database;
}
