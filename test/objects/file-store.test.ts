import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openObjectStore } from '../../src/objects/index.js';
import { objectStoreConformance } from './conformance.js';
import { content, gathered, inPieces } from './content.js';

const folders: string[] = [];

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-objects-'));
  folders.push(folder);
  return folder;
}

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

objectStoreConformance('the store of files', async () => ({
  location: { kind: 'file', folder: await aFolder() },
  close: async () => undefined,
}));

describe('the store of files', () => {
  test('keeps an object whose key is the beginning of another', async () => {
    const store = await openObjectStore({ kind: 'file', folder: await aFolder() });
    await store.put('a', inPieces(content(1)), 10);
    await store.put('a/b', inPieces(content(2)), 10);

    const { objects } = await store.list('');

    expect(objects.map(({ key, size }) => [key, size])).toEqual([
      ['a', 1],
      ['a/b', 2],
    ]);
  });

  test('leaves no folder behind for what it removed', async () => {
    const folder = await aFolder();
    const store = await openObjectStore({ kind: 'file', folder });
    await store.put('parts/one/two', inPieces(content(1)), 10);
    await store.put('kept', inPieces(content(1)), 10);

    await store.remove(['parts/one/two']);

    expect(await readdir(folder)).toEqual(['kept.object']);
  });

  test('puts into folders that another takes away at the same moment', async () => {
    const folder = await aFolder();
    const store = await openObjectStore({ kind: 'file', folder });
    const taking = (async () => {
      for (let round = 0; round < 300; round += 1) await store.remove(['deep/er/other']);
    })();
    for (let round = 0; round < 100; round += 1) {
      await store.put('deep/er/one', inPieces(content(1)), 10);
      await store.remove(['deep/er/one']);
    }
    await taking;
    await store.put('deep/er/one', inPieces(content(1)), 10);

    expect(await gathered(await store.read('deep/er/one'))).toEqual(content(1));
  });

  test('reads to its end an object that is replaced or removed meanwhile', async () => {
    const store = await openObjectStore({ kind: 'file', folder: await aFolder() });
    const bytes = content(3_000_000);
    await store.put('read', inPieces(bytes), bytes.length);
    const reading = await store.read('read');

    await store.put('read', inPieces(content(5)), 10);
    await store.remove(['read']);

    expect((await gathered(reading)).equals(bytes)).toBe(true);
  });
});
