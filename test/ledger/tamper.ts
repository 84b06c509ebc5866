import type { Tenant, World } from './world.js';

/** Changes rows of a table, those of the tenant. */
export const set = (table: string, change: string, where = 'true') =>
  `update ledger.${table} set ${change} where tenant = $1 and ${where}`;

/** Does it without a constraint that forbids it. */
export const without = (table: string, constraint: string, change: string) =>
  `alter table ledger.${table} drop constraint if exists ${constraint}; ${change}`;

/** Breaks the tenant's rows, $1 in the text, without triggers and keys: what no verb could do. */
export async function tamper(world: World, { tenant }: Tenant, breaking: string): Promise<void> {
  await world.rows(
    `do $do$ begin
       set local session_replication_role = replica;
       ${breaking.replaceAll('$1', `'${tenant}'`)};
     end $do$`,
  );
}
