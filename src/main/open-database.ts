import { createDatabase, type Database } from '../database/index.js';
import type { Log, Metrics } from '../telemetry/index.js';
import type { DatabaseConfig } from './config.js';
import { ensureSchema } from './schema.js';

/** Waited for longer than this, a statement is worth a line. */
const slowMs = 500;

/** The database of a process, answering, with the newest schema; throws when it cannot be that. */
export async function openDatabase(
  settings: DatabaseConfig,
  applicationName: string,
  { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
): Promise<Database> {
  const database = createDatabase({
    ...settings,
    applicationName,
    onEvent: ({ kind, error }) => log.warn({ module: 'database', err: error }, kind),
    onStatement: (statement, ms) => {
      metrics.observe('statement', ms / 1_000, { statement });
      if (ms < slowMs) return;
      log.warn({ module: 'database', statement, ms: Math.round(ms) }, 'slow statement');
    },
  });
  await ensureSchema(database, settings, log);
  return database;
}
