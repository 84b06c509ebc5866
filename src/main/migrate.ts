import { migrate } from '../database/index.js';
import { childEnvironment } from './config.js';
import { migrationsDir } from './schema.js';

// Brings the schema to the newest state as its owner: for deployments whose workers may not.
const { DATABASE_MIGRATE_URL, DATABASE_URL } = childEnvironment({});
const url = DATABASE_MIGRATE_URL ?? DATABASE_URL;
const say = (line: string) => process.stdout.write(`${line}\n`);

if (url === undefined) {
  process.stderr.write('Set DATABASE_MIGRATE_URL to the database, as the owner of its schema.\n');
  process.exit(1);
}
try {
  const applied = await migrate({ url, folder: migrationsDir, onProgress: say });
  say(applied.length === 0 ? 'The schema is the newest already.' : `Applied ${applied.length}.`);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
