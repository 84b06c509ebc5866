import { afterAll, expect, test } from 'vitest';
import { createDatabase, DatabaseBusy, DatabaseClosed } from '../../src/database/index.js';
import { account } from '../../src/ledger/tables.js';
import { aDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { createProxy } from '../support/proxy.js';

const { owner, ownerUrl } = await aDatabase();
await owner.unsafe(`
  create table note (word text primary key);
  create function echo_v1(word text, body jsonb, at timestamptz) returns jsonb language sql
    as $$ select jsonb_build_object('word', word, 'body', body, 'at', at) $$;
  create function note_v1(word text) returns jsonb language sql
    as $$ insert into public.note values (word) returning to_jsonb(note.word) $$;
  create function wait_v1(key int) returns jsonb language sql
    as $$ select '"waited"'::jsonb from pg_advisory_xact_lock(key) $$;
`);
const aPool = (over = {}) =>
  createDatabase({ url: ownerUrl, poolMax: 1, applicationName: 'test', ...over });
const database = aPool({ poolMax: 4 });
afterAll(() => database.close(1000));

test('gives a verb its arguments and its answer back as they were', async () => {
  const body = { text: `it's "ö" \\ $1`, list: [1, 'two', null], nested: { yes: true } };

  const answer = await database.call('public.echo_v1', 'x', body, '2026-01-02T03:04:05.678Z');

  expect(answer).toEqual({ word: 'x', body, at: '2026-01-02T03:04:05.678+00:00' });
  expect(await database.call('public.echo_v1', 'x', ['a'], null)).toMatchObject({ body: ['a'] });
});

test('refuses to write anything but a verb into a statement', async () => {
  await expect(database.call('public.note(); drop table note; --_v1')).rejects.toThrow(RangeError);
});

test('reads whole numbers as numbers and refuses those that would lose a digit', async () => {
  expect(await database.sql`select ${2 ** 53 - 1}::bigint as most, now() is null as truth`).toEqual(
    [{ most: 2 ** 53 - 1, truth: false }],
  );
  await expect(database.sql`select 9007199254740993::bigint as more`).rejects.toThrow(RangeError);
  expect(await database.sql`select 1::bigint as after`).toEqual([{ after: 1 }]);
});

test('reads with drizzle, moments as text, and has no transactions to offer', async () => {
  expect(await database.read((orm) => orm.select().from(account))).toEqual([]);
  await expect(database.read((orm) => orm.transaction(async () => 'never'))).rejects.toThrow(
    'Transactions are not supported',
  );
});

test('tells how long each statement took, by its verb, also when it failed', async () => {
  const told: [string, boolean][] = [];
  const onStatement = (statement: string, ms: number) => told.push([statement, ms > 0]);
  const timed = aPool({ onStatement });

  await timed.call('public.wait_v1', 6);
  await timed.sql`select 1 as one`;
  await timed.read((orm) => orm.select().from(account));
  await expect(timed.sql`select 1 / 0 as none`).rejects.toMatchObject({ code: '22012' });
  await timed.close(1_000);

  expect(told).toEqual(['public.wait_v1', 'sql', 'read', 'sql'].map((name) => [name, true]));
});

test('sends one message for a verb once its text is known to the connection', async () => {
  const proxy = await createProxy({ port: Number(new URL(ownerUrl).port) });
  const counted = aPool({ url: proxy.via(ownerUrl) });
  await counted.call('public.wait_v1', 7);
  const before = proxy.postgresRoundTrips();
  const parsed = proxy.messagesToServer().get('P');

  await counted.call('public.wait_v1', 8);
  await counted.call('public.wait_v1', 9);

  expect(proxy.postgresRoundTrips() - before).toBe(2);
  expect(proxy.messagesToServer().get('P')).toBe(parsed);
  await counted.close(1000);
  await proxy.close();
});

test('gives up waiting for a connection, and never runs what gave up', async () => {
  const narrow = aPool({ acquireTimeoutMs: 50 });
  const locker = await owner.reserve();
  await locker`select pg_advisory_lock(1)`;
  const waits = narrow.call('public.wait_v1', 1);

  await expect(narrow.call('public.note_v1', 'given up')).rejects.toThrow(DatabaseBusy);
  expect(narrow.stats()).toEqual({ max: 1, inUse: 1, waiting: 0 });

  await locker`select pg_advisory_unlock(1)`;
  locker.release();
  expect(await waits).toBe('waited');
  expect(await narrow.call('public.note_v1', 'asked later')).toBe('asked later');
  expect(await owner`select word from note`).toEqual([{ word: 'asked later' }]);
  expect(narrow.stats()).toEqual({ max: 1, inUse: 0, waiting: 0 });
  await narrow.close(1000);
});

test('serves in turn whoever waits within the bound', async () => {
  const narrow = aPool({ poolMax: 2 });

  const served = await Promise.all(
    Array.from({ length: 50 }, (_, index) => narrow.sql<{ n: number }>`select ${index}::int as n`),
  );

  expect(served.flat().map(({ n }) => n)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  await narrow.close(1000);
});

test('ends what runs before it closes, and refuses what comes after', async () => {
  const closing = aPool();
  const locker = await owner.reserve();
  await locker`select pg_advisory_lock(2)`;
  const runs = closing.call('public.wait_v1', 2);
  const queued = closing.call('public.note_v1', 'too late').catch((error: unknown) => error);
  await eventually(async () => expect(await waitingFor(2)).toBe(1));

  const closed = closing.close(10_000);
  await expect(closing.call('public.note_v1', 'after the end')).rejects.toThrow(DatabaseClosed);
  expect(await queued).toBeInstanceOf(DatabaseClosed);
  await locker`select pg_advisory_unlock(2)`;
  locker.release();

  expect(await runs).toBe('waited');
  await closed;
  expect(await owner`select from note where word in ('too late', 'after the end')`).toEqual([]);
});

test('replaces a connection that has lived long enough', async () => {
  const short = aPool({ connectionLifetimeSeconds: 0.05 });
  const pid = async () =>
    (await short.sql<{ pid: number }>`select pg_backend_pid() as pid`)[0]?.pid;
  const first = await pid();

  await eventually(async () => expect(await pid()).not.toBe(first));
  await short.close(1000);
});

async function waitingFor(key: number): Promise<number | undefined> {
  const [row] = await owner<{ waiting: number }[]>`
    select count(*) as waiting from pg_locks
    where locktype = 'advisory' and objid = ${key} and not granted
      and database = (select oid from pg_database where datname = current_database())`;
  return row?.waiting;
}
