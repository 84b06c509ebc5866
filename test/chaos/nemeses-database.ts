import { openConnection } from '../../src/database/connection.js';
import type { Field, Nemesis } from './nemesis.js';

const ours = `application_name in ('holdfast-gateway', 'holdfast-worker', 'holdfast-relay')`;
const lockedMs = 5_000;
const stolenMs = 10_000;
const restartWithinMs = 5_000;

/** What befalls PostgreSQL. */
export const databaseNemeses = {
  'backends-some': {
    does: 'connections of our processes are ended, one every 100 ms for 5 s',
    strike: (field, draw) => storm(field, { forMs: 5_000, everyMs: 100, draw }),
  },
  'backends-all': {
    does: 'all connections of our processes are ended at once',
    strike: async ({ owner }) => {
      const killed = await owner(
        `select pg_terminate_backend(pid) from pg_stat_activity where ${ours}`,
      );
      return `${killed.length} connections`;
    },
  },
  'backend-storm': {
    does: 'connections of our processes are ended, one every 50 to 100 ms for 2 minutes',
    isAlone: true,
    strike: (field, draw) => storm(field, { forMs: 120_000, everyMs: draw.whole(50, 100), draw }),
  },
  'postgres-restarted': {
    does: 'PostgreSQL is restarted (fast)',
    recoversWithinMs: restartWithinMs,
    strike: async ({ stack }) => {
      await stack.postgres?.restart();
      return undefined;
    },
  },
  'postgres-killed': {
    does: 'PostgreSQL ends at once (immediate, or SIGKILL), and is started again',
    recoversWithinMs: restartWithinMs,
    strike: async ({ stack }, draw) => {
      const signal = draw.one(['SIGQUIT', 'SIGKILL'] as const);
      process.kill(stack.postgres?.pid ?? 0, signal);
      await stack.postgres?.restart();
      return signal;
    },
  },
  'connections-stolen': {
    does: 'somebody takes every connection that is left, and half of ours, for 10 s',
    strike: stealConnections,
  },
  'accounts-locked': {
    does: 'the rows of all accounts are locked for 5 s',
    strike: async ({ owner }) => {
      const locked = 'with locked as materialized (select id from ledger.account for update)';
      await owner(`${locked} select count(*), pg_sleep(${lockedMs / 1_000}) from locked`);
      return undefined;
    },
  },
  'table-locked': {
    does: 'nobody can read or write the operations for 5 s',
    strike: async ({ owner }) => {
      await owner(`do $$ begin
        lock table ledger.operation in access exclusive mode;
        perform pg_sleep(${lockedMs / 1_000});
      end $$`);
      return undefined;
    },
  },
  'disk-full': {
    does: 'the disk with the tables of the ledger is full for 10 s',
    isOfDisk: true,
    strike: async ({ disk, pause }) => {
      await disk?.fill();
      try {
        await pause(10_000);
      } finally {
        await disk?.empty();
      }
      return undefined;
    },
  },
  'clock-shifted': {
    does: 'the clock of the ledger is up to 90 s ahead or behind, for 8 s',
    strike: async ({ owner, pause, over }, draw) => {
      const shift = draw.one([-1, 1]) * draw.whole(30, 90);
      await owner(clockOf(` + interval '${shift} seconds'`));
      await pause(8_000);
      over();
      await owner(clockOf(''));
      return `${shift} s`;
    },
  },
} as const satisfies Readonly<Record<string, Nemesis>>;

async function storm(
  { owner, pause, ended }: Field,
  {
    forMs,
    everyMs,
    draw,
  }: { forMs: number; everyMs: number; draw: Parameters<Nemesis['strike']>[1] },
): Promise<string> {
  const untilMs = performance.now() + forMs;
  let killed = 0;
  while (performance.now() < untilMs && !ended.aborted) {
    const one = `select pid from pg_stat_activity where ${ours}
      order by md5(pid || '${draw.whole(0, 1_000_000)}') limit 1`;
    killed += (await owner(`select pg_terminate_backend(pid) from (${one}) x`)).length;
    await pause(everyMs);
  }
  return `${killed} connections`;
}

async function stealConnections({ stack, pause, owner }: Field): Promise<string> {
  const [{ most = 0 } = {}] = (await owner(
    `select setting::int as most from pg_settings where name = 'max_connections'`,
  )) as { most?: number }[];
  const thieves = Array.from({ length: most }, () =>
    openConnection({
      ...{ url: stack.ownerUrl, applicationName: 'thief', connectTimeoutMs: 30_000 },
      connectionLifetimeSeconds: 3_600,
    }),
  );
  const taken = await Promise.allSettled(thieves.map(({ sql }) => sql`select 1`));
  const [thief] = thieves.filter((_, n) => taken[n]?.status === 'fulfilled');
  const half = `select pid from pg_stat_activity where ${ours} and pid % 2 = 0`;
  await thief?.sql.unsafe(`select pg_terminate_backend(pid) from (${half}) x`);
  await pause(stolenMs);
  for (const { discard } of thieves) discard();
  return `${taken.filter(({ status }) => status === 'fulfilled').length} connections`;
}

function clockOf(shift: string): string {
  return `create or replace function ledger.clock() returns timestamptz
    language sql volatile as $$ select clock_timestamp()${shift} $$`;
}
