import type { Database } from '../../src/database/index.js';

/** The time of one simulation, in epoch milliseconds; nothing but the simulation moves it. */
export interface Clock {
  nowMs: number;
  /** How far the database's own clock is ahead; behind when below zero. */
  databaseAheadMs: number;
}

/** Lets the ledger of a database go by the time that its connection was told last. */
export const clockByHand = `
  create or replace function ledger.clock() returns timestamptz language sql volatile as
  $$ select coalesce(to_timestamp(nullif(current_setting('simulation.now_ms', true), '')::float8
       / 1000), clock_timestamp()) $$`;

/** The database, told the time before each statement. Its pool must have one connection. */
export function onClock(database: Database, clock: Clock): Database {
  let toldMs = Number.NaN;
  const told = async () => {
    const nowMs = clock.nowMs + clock.databaseAheadMs;
    if (nowMs === toldMs) return;
    toldMs = nowMs;
    await database.sql`select set_config('simulation.now_ms', ${String(nowMs)}, false)`;
  };
  return {
    ...database,
    call: async (verb, ...args) => {
      await told();
      return database.call(verb, ...args);
    },
    sql: async (text, ...values) => {
      await told();
      return database.sql(text, ...values);
    },
    read: async (query) => {
      await told();
      return database.read(query);
    },
  };
}
