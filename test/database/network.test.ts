import { setImmediate as immediate, setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { classify, createDatabase, type Database } from '../../src/database/index.js';
import { aDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createProxy } from '../support/proxy.js';

const { owner, ownerUrl } = await aDatabase();
const unhandled: unknown[] = [];
const note = (error: unknown) => unhandled.push(error);

beforeAll(async () => {
  process.on('unhandledRejection', note).on('uncaughtException', note);
  await owner.unsafe(`
    create table tally (id int primary key, total int not null);
    insert into tally values (1, 0);
    create table bump (key text primary key);
    create function bump_v1(key text) returns jsonb language plpgsql as $$ begin
      insert into bump values (key) on conflict do nothing;
      if found then update tally set total = total + 1 where id = 1; end if;
      return to_jsonb(key);
    end $$;
  `);
});

afterAll(() => {
  process.off('unhandledRejection', note).off('uncaughtException', note);
});

const totals = async () =>
  (await owner`select total, (select count(*) from bump) as keys from tally`)[0];

test('loses and doubles nothing while backends are killed, then serves all', async () => {
  const database = createDatabase({ url: ownerUrl, poolMax: 16, applicationName: 'storm' });
  const before = (await totals())?.['total'] as number;
  const storm = { over: false, kills: 0, broken: 0 };
  const killing = killBackends(storm);

  await Promise.all(
    Array.from({ length: 16 }, async (_, worker) => {
      for (let n = 0; n < 80; n += 1) {
        storm.broken += await bumpUntilDone(database, `storm-${worker}-${n}`);
      }
    }),
  );
  storm.over = true;
  await killing;

  expect(storm.kills).toBeGreaterThan(10);
  expect(storm.broken).toBeGreaterThan(0);
  expect(await totals()).toEqual({ total: before + 1280, keys: before + 1280 });
  await Promise.all(
    Array.from({ length: 16 }, (_, n) => database.call('public.bump_v1', `after-${n}`)),
  );
  expect(database.stats()).toEqual({ max: 16, inUse: 0, waiting: 0 });
  expect(unhandled).toEqual([]);
  await database.close(1000);
});

test('bounds every call in a black hole of the network, and recovers when it heals', async () => {
  const { proxy, database } = await behindProxy({ acquireTimeoutMs: 200, answerTimeoutMs: 300 });
  await Promise.all([1, 2, 3].map((n) => database.call('public.bump_v1', `warm-${n}`)));
  proxy.blackHole();

  const held = await Promise.allSettled(
    [1, 2, 3, 4, 5, 6].map((n) => database.call('public.bump_v1', `held-${n}`)),
  );
  const refusals = held.map((each) => each.status === 'rejected' && (each.reason as Error).name);
  expect(refusals).toEqual([
    ...['DatabaseSilent', 'DatabaseSilent', 'DatabaseSilent'],
    ...['DatabaseBusy', 'DatabaseBusy', 'DatabaseBusy'],
  ]);
  await expect(database.ping(200)).rejects.toThrow('no answer from the database in 100 ms');

  proxy.heal();
  // What gave up in the queue never ran; what was sent may have, and says so by its name.
  expect(await bumpUntilDone(database, 'healed')).toBe(0);
  expect(await owner`select from bump where key in ('held-4', 'held-5', 'held-6')`).toEqual([]);
  expect(unhandled).toEqual([]);
  await database.close(1000);
  await proxy.close();
});

test('does not give up a connection that was only idle or only slow', async () => {
  const { proxy, database, dropped } = await behindProxy({ answerTimeoutMs: 200, poolMax: 1 });
  const pid = async () => (await database.sql`select pg_backend_pid() as pid`)[0];
  const first = await pid();

  // Idle for longer than an answer may take; there is no event to wait for.
  await pause(300);
  proxy.delay(20);

  expect(await pid()).toEqual(first);
  expect(dropped).toEqual([]);
  await database.close(1000);
  await proxy.close();
});

test('applies a verb once when its answer is lost after the commit', async () => {
  const { proxy, database } = await behindProxy({ poolMax: 2 });
  await database.connect();
  const before = (await totals())?.['total'] as number;
  proxy.dropAnswerOnce();

  const lost = await database.call('public.bump_v1', 'lost').catch((error: unknown) => error);

  expect(classify(lost)).toBe('retryable');
  expect(await totals()).toMatchObject({ total: before + 1 });
  expect(await database.call('public.bump_v1', 'lost')).toBe('lost');
  expect(await totals()).toMatchObject({ total: before + 1 });
  await database.close(1000);
  await proxy.close();
});

test('hands out no connection that is just being lost', async () => {
  const { proxy, database } = await behindProxy({ poolMax: 8, answerTimeoutMs: 1000 });
  const asked = () =>
    database.sql`select 1`.then(
      () => 'served',
      (error: unknown) => (error as Error).name,
    );
  await Promise.all(Array.from({ length: 8 }, asked));

  // Between the error of a socket and its end the driver would take a query and forget it: that
  // is where an immediate runs.
  proxy.cut();
  const answers: Promise<string>[] = [];
  for (let turn = 0; turn < 8; turn += 1) {
    answers.push(asked());
    await immediate();
  }

  expect(await Promise.all(answers)).not.toContain('DatabaseSilent');
  await database.close(1000);
  await proxy.close();
});

test('is served again after all its connections were reset while idle', async () => {
  const { proxy, database } = await behindProxy({ poolMax: 3 });
  await Promise.all([1, 2, 3].map((n) => database.call('public.bump_v1', `idle-${n}`)));

  proxy.cut();
  await eventually(async () => {
    const [row] = await owner`select count(*) as open from pg_stat_activity
      where application_name = 'behind-proxy'`;
    expect(row).toEqual({ open: 0 });
  });

  await Promise.all([4, 5, 6].map((n) => database.call('public.bump_v1', `idle-${n}`)));
  expect(unhandled).toEqual([]);
  await database.close(1000);
  await proxy.close();
});

async function behindProxy(over: object) {
  const proxy = await createProxy({ port: Number(new URL(ownerUrl).port) });
  const dropped: unknown[] = [];
  const database = createDatabase({
    url: proxy.via(ownerUrl),
    poolMax: 3,
    applicationName: 'behind-proxy',
    onEvent: (event) => dropped.push(event),
    ...over,
  });
  return { proxy, database, dropped };
}

/** How often it broke before it was done; as a caller does it, with the same key each time. */
async function bumpUntilDone(database: Database, key: string): Promise<number> {
  for (let broken = 0; ; broken += 1) {
    try {
      await database.call('public.bump_v1', key);
      return broken;
    } catch (error) {
      if (classify(error) === 'bug') throw error;
    }
  }
}

async function killBackends(storm: { over: boolean; kills: number }): Promise<void> {
  while (!storm.over) {
    const killed = await owner`
      select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'storm' order by random() limit 2`;
    storm.kills += killed.length;
    await pause(25);
  }
}
