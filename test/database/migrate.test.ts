import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, migrate, schemaState } from '../../src/database/index.js';
import { aDatabase } from '../support/database.js';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const drizzle = here('../../drizzle');
const files = readMigrationFiles({ migrationsFolder: drizzle });
const names = files.map(({ hash }) => hash);

let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'holdfast-migrations-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

/** The project's migrations, and these on top. */
async function aFolder(name: string, ...texts: readonly string[]): Promise<string> {
  const folder = join(scratch, name);
  await cp(drizzle, folder, { recursive: true });
  const journalFile = join(folder, 'meta', '_journal.json');
  const journal = JSON.parse(await readFile(journalFile, 'utf8'));
  for (const [index, text] of texts.entries()) {
    const tag = `${1000 + index}_${name}`;
    journal.entries.push({ ...journal.entries.at(-1), tag, when: 4e12 + index });
    await writeFile(join(folder, `${tag}.sql`), text);
  }
  await writeFile(journalFile, JSON.stringify(journal));
  return folder;
}

async function anEmptyDatabase() {
  const empty = await aDatabase({ empty: true });
  const asOwner = createDatabase({ url: empty.ownerUrl, poolMax: 1, applicationName: 'test' });
  const journal = () =>
    empty.owner`select hash, created_at from drizzle.__drizzle_migrations order by id`;
  const close = async () => {
    await asOwner.close(1000);
    await empty.drop();
  };
  return { ...empty, asOwner, journal, close };
}

test('brings an empty database up from five processes at once, each migration once', async () => {
  const { ownerUrl, asOwner, journal, close } = await anEmptyDatabase();
  expect(await schemaState(asOwner, drizzle)).toBe('behind');

  const runs = await Promise.all([1, 2, 3, 4, 5].map(() => aMigrator(ownerUrl)));

  expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    runs.map(() => ({ code: 0, stderr: '' })),
  );
  const applied = runs.flatMap(({ stdout }) => JSON.parse(stdout) as string[]);
  expect(applied.sort()).toEqual([...new Set(applied)]);
  expect(applied).toHaveLength(names.length);
  // As drizzle-kit would have written it, so that it agrees.
  expect(await journal()).toEqual(
    files.map(({ hash, folderMillis }) => ({ hash, created_at: folderMillis })),
  );
  expect(await schemaState(asOwner, drizzle)).toBe('current');
  await close();
});

test('leaves nothing of a migration that fails, and applies it once it is mended', async () => {
  const { owner, ownerUrl, asOwner, journal, close } = await anEmptyDatabase();
  const broken = await aFolder('broken', 'create table half (id int); select 1 / 0;');
  const mended = await aFolder('mended', 'create table half (id int); -- mended');

  const failing = migrate({ url: ownerUrl, folder: broken });
  await expect(failing).rejects.toMatchObject({ code: '22012' });
  expect(await journal()).toHaveLength(files.length);
  expect(await owner`select to_regclass('half')::text as half`).toEqual([{ half: null }]);
  expect(await schemaState(asOwner, broken)).toBe('behind');

  expect(await migrate({ url: ownerUrl, folder: mended })).toEqual(['1000_mended']);
  expect(await schemaState(asOwner, mended)).toBe('current');
  await close();
});

test('goes on with a database that an older or a newer release has migrated', async () => {
  const { ownerUrl, asOwner, close } = await anEmptyDatabase();
  const newer = await aFolder('newer', 'create table one ()', 'create table two ()');
  await migrate({ url: ownerUrl, folder: drizzle });
  expect(await schemaState(asOwner, newer)).toBe('behind');

  expect(await migrate({ url: ownerUrl, folder: newer })).toEqual(['1000_newer', '1001_newer']);

  expect(await schemaState(asOwner, drizzle)).toBe('ahead');
  expect(await migrate({ url: ownerUrl, folder: drizzle })).toEqual([]);
  await close();
});

test('refuses a migration that was edited after it was applied', async () => {
  const { ownerUrl, close } = await anEmptyDatabase();
  const folder = await aFolder('edited', 'create table first ()');
  await migrate({ url: ownerUrl, folder });
  await writeFile(join(folder, '1000_edited.sql'), 'create table second ()');

  await expect(migrate({ url: ownerUrl, folder })).rejects.toThrow(
    'migration 1000_edited was edited after this database applied it',
  );
  await close();
});

test('says what it waits for when the server is not there', async () => {
  const waits: unknown[] = [];
  await expect(
    migrate({
      url: 'postgres://nobody@127.0.0.1:1/nowhere',
      folder: drizzle,
      connectRetries: 1,
      connectRetryMinMs: 1,
      onRetry: ({ attempt, waitMs }) => waits.push({ attempt, waitMs }),
    }),
  ).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  expect(waits).toEqual([{ attempt: 1, waitMs: 1 }]);
});

async function aMigrator(url: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', here('migrator.ts'), url, drizzle]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data: Buffer) => {
    stdout += data;
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
