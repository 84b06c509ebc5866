/**
 * @module database: the bounded way to PostgreSQL, its errors, its migrations.
 * lives here: connections and their limits, the sorting of errors, migrations, login roles
 * may touch: the database, through postgres.js; the folder of migrations
 * never: a table of another room, more than one statement at a time, the environment
 * proved in: test/database, on a real PostgreSQL whose backends are killed
 */
export {
  createDatabase,
  type Database,
} from './connect.js';
export {
  classify,
  DatabaseBusy,
  DatabaseClosed,
  type DatabaseFault,
  DatabaseSilent,
} from './errors.js';
export { migrate, schemaState } from './migrate.js';
export { readerRole, urlAs, workerRole } from './roles.js';
