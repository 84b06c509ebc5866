import { afterAll, expect, test } from 'vitest';
import { createDatabase, migrate, schemaState, urlAs } from '../../src/database/index.js';
import { rolesStatement } from '../../src/database/roles.js';
import { aDatabase } from '../support/database.js';

const { ownerUrl, workerUrl, readerUrl, owner } = await aDatabase();
const as = (url: string) => createDatabase({ url, poolMax: 1, applicationName: 'test' });
const worker = as(workerUrl);
const reader = as(readerUrl);
afterAll(() => Promise.all([worker.close(1000), reader.close(1000)]));
const folder = new URL('../../drizzle', import.meta.url).pathname;

const roles = [
  ['worker', worker],
  ['reader', reader],
] as const;

test.each(roles)('gives the %s its limits and its isolation', async (_, role) => {
  const [settings] = await role.sql`
    select current_setting('lock_timeout') as lock,
      current_setting('statement_timeout') as statement,
      current_setting('idle_in_transaction_session_timeout') as idle,
      current_setting('transaction_isolation') as isolation`;
  expect(settings).toEqual({
    lock: '2s',
    statement: '3s',
    idle: '5s',
    isolation: 'read committed',
  });
});

test.each(roles)('lets the %s see which schema there is, but not write it', async (_, role) => {
  expect(await schemaState(role, folder)).toBe('current');
  const denied = { code: '42501' };
  await expect(role.sql`delete from drizzle.__drizzle_migrations`).rejects.toMatchObject(denied);
  await expect(role.sql`create table drizzle.own ()`).rejects.toMatchObject(denied);
});

test('is one setting to change a password, quoted whatever it holds', async () => {
  const odd = `it's "odd" \\ $1 /?#@%`;
  const statement = rolesStatement({ worker: { password: odd }, reader: { password: 'r' } });
  expect(statement).toContain(`login password 'it''s "odd" \\ $1 /?#@%'`);
  expect(() => rolesStatement({ worker: { password: 'a\0b' }, reader: { password: 'r' } })).toThrow(
    RangeError,
  );

  const url = new URL(urlAs(ownerUrl, 'a role', odd));
  expect(decodeURIComponent(url.username)).toBe('a role');
  expect(decodeURIComponent(url.password)).toBe(odd);
  expect(url.host).toBe(new URL(ownerUrl).host);
});

test('sets roles up again from several databases at once', async () => {
  // The same passwords as before: the other test files are logged in with them.
  const passwords = {
    worker: { password: decodeURIComponent(new URL(workerUrl).password) },
    reader: { password: decodeURIComponent(new URL(readerUrl).password) },
  };
  const others = await Promise.all([aDatabase(), aDatabase(), aDatabase()]);

  const applied = await Promise.all(
    others.map((other) => migrate({ url: other.ownerUrl, folder, roles: passwords })),
  );

  expect(applied).toEqual([[], [], []]);
  const [row] = await owner`select rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls
    from pg_roles where rolname = 'holdfast_worker'`;
  expect(Object.values(row ?? {})).toEqual([true, false, false, false, false]);
});
