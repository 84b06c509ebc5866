import { access, chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres } from '../../src/servers/postgres.js';

const shared = { settings: { fsync: 'off' }, onProgress: (): void => undefined };
let folder: string;
let cacheDir: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-postgres-test-'));
  cacheDir = join(folder, 'cache');
});

afterAll(() => rm(folder, { recursive: true }));

test('data survives a crash, a restart and a stop when it is kept', async () => {
  await chmod(folder, 0o755);
  const options = { ...shared, cacheDir, dataDir: join(folder, 'kept'), keep: true };
  const first = await startPostgres(options);
  await query(first.url, 'create table kept as select 42 as answer');

  process.kill(first.pid, 'SIGKILL');
  await first.restart();
  expect(await query(first.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  await first.stop();
  expect(() => process.kill(first.pid, 0)).toThrow('ESRCH');

  const second = await startPostgres(options);
  expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  expect(await query(second.url, 'show listen_addresses')).toEqual([
    { listen_addresses: '127.0.0.1' },
  ]);
  expect(await query(second.url, 'show fsync')).toEqual([{ fsync: 'off' }]);
  await second.stop();
  expect((await stat(join(options.dataDir, 'password'))).mode & 0o777).toBe(0o600);
});

test('a folder that its user cannot enter will do, and nothing stays when not kept', async () => {
  await chmod(folder, 0o700);
  const dataDir = join(folder, 'thrown-away');

  const server = await startPostgres({ ...shared, cacheDir, dataDir, keep: false });
  const [row] = await query(server.url, 'show data_directory');
  await server.stop();

  await expect(access(`${row?.['data_directory']}`)).rejects.toThrow('ENOENT');
  await expect(access(dataDir)).rejects.toThrow('ENOENT');
});

test('a wrong setting is told in the words of the server, and leaves nothing', async () => {
  const dataDir = join(folder, 'refused');
  const settings = { fsync: 'off', max_connections: 'many' };
  const start = startPostgres({ ...shared, cacheDir, dataDir, keep: false, settings });

  await expect(start).rejects.toThrow(/PostgreSQL did not start:[^]*max_connections.*"many"/);
  await expect(access(dataDir)).rejects.toThrow('ENOENT');
});

test('data that is kept needs a folder', async () => {
  await expect(startPostgres({ ...shared, cacheDir, keep: true })).rejects.toThrow(RangeError);
});

async function query(url: string, text: string): Promise<Record<string, unknown>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}
