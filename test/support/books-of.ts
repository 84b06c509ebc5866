import { openConnection } from '../../src/database/connection.js';
import type { Books } from './rounds.js';
import type { TestStack } from './stack.js';

/** What its ledger holds, as the owner of the database reads it. */
export function booksOf({ world, stack }: TestStack): Books {
  const { sql } = openConnection({
    ...{ url: stack.ownerUrl, applicationName: 'holdfast-test' },
    ...{ connectTimeoutMs: 10_000, connectionLifetimeSeconds: 3_600 },
  });
  return { tenant: world.tenant, rows: (query, ...values) => sql.unsafe(query, [...values]) };
}
