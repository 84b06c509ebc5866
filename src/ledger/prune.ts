import type { Database } from '../database/index.js';

/** How many of each were forgotten. */
export interface Pruned {
  readonly events: number;
  readonly webhooks: number;
  readonly findings: number;
}

/** Forgets what ended so many days ago: of each kind `limit` at most. */
export type Prune = (limit: number) => Promise<Pruned>;

/** Over one database, as the worker's role. */
export function createPrune(database: Database, retentionDays: number): Prune {
  return (limit) => database.call('ledger.prune_v1', `${retentionDays} days`, limit);
}
