import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defaultCacheDir, madeOnce } from '../../src/servers/made-once.js';

const quiet = (): void => undefined;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-made-once-'));
});

afterEach(() => rm(folder, { recursive: true }));

test('of makers at once one makes and all get the whole thing', async () => {
  const path = join(folder, 'thing');
  let made = 0;
  const make = async (temporary: string): Promise<void> => {
    made += 1;
    await writeFile(temporary, 'whole');
  };

  await Promise.all(Array.from({ length: 5 }, () => madeOnce(path, make, quiet)));

  expect(made).toBe(1);
  expect(await readFile(path, 'utf8')).toBe('whole');
  expect(await readdir(folder)).toEqual(['thing']);
});

test('a maker that fails leaves nothing, and the next one succeeds', async () => {
  const path = join(folder, 'thing');
  const failing = async (temporary: string): Promise<void> => {
    await writeFile(temporary, 'half');
    throw new Error('no disk');
  };

  await expect(madeOnce(path, failing, quiet)).rejects.toThrow('no disk');
  expect(await readdir(folder)).toEqual([]);
  await madeOnce(path, (temporary) => writeFile(temporary, 'whole'), quiet);
  expect(await readFile(path, 'utf8')).toBe('whole');
});

test('the lock of a process that is gone is taken over', async () => {
  const path = join(folder, 'thing');
  await writeFile(`${path}.lock`, '4194305'); // Above the highest process number there is.

  await madeOnce(path, (temporary) => writeFile(temporary, 'whole'), quiet);

  expect(await readdir(folder)).toEqual(['thing']);
});

test('the cache is outside every checkout', () => {
  expect(defaultCacheDir('/ada')).toBe('/ada/.cache/holdfast');
  expect(defaultCacheDir('/ada', '/cache')).toBe('/cache/holdfast');
});
