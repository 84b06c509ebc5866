import { mkdtemp, readdir, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createDownloads, createObjectCache, type ObjectCache } from '../../src/objects/cache.js';
import {
  type ObjectStore,
  ObjectStoreUnavailable,
  openObjectStore,
} from '../../src/objects/index.js';
import { killedWhile } from './killed-while.js';
import { content, gathered, inPieces } from './content.js';

const hourMs = 3_600_000;

async function aFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-cache-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A cache by a clock of ours, which goes on by a second with each question. */
async function aCache(bytesMax = 1_000) {
  const folder = await aFolder();
  const clock = { ms: Date.now() };
  const now = () => {
    clock.ms += 1_000;
    return clock.ms;
  };
  return { folder, clock, another: () => createObjectCache({ folder, bytesMax, now }) };
}

const objectOf = (key: string, size: number) => ({ key, size });
const keep = (cache: ObjectCache, key: string, size: number) =>
  gathered(cache.keep({ key, size }, inPieces(content(size, key), 100)));
const has = async (cache: ObjectCache, key: string, size: number) => {
  const found = await cache.read({ key, size });
  return found !== undefined && (await gathered(found.bytes)).equals(content(size, key));
};

/** How much of the disk the copies take. */
async function taken(folder: string): Promise<number> {
  let sum = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    sum += (await stat(join(folder, name)).catch(() => ({ size: 0 }))).size;
  }
  return sum;
}

describe('a copy of what was read', () => {
  test('is there once all has passed, for every process, and says since when', async () => {
    const { another, clock } = await aCache();
    const [one, other] = [another(), another()];
    const object = objectOf('files/a', 500);

    expect(await keep(one, 'files/a', 500)).toEqual(content(500, 'files/a'));
    const keptAt = clock.ms;

    for (const cache of [one, other]) {
      const found = await cache.read(object);
      expect(found?.since).toBe(keptAt);
      expect(await gathered(found?.bytes)).toEqual(content(500, 'files/a'));
    }
    const part = await other.read(object, { from: 10, to: 19 });
    expect(await gathered(part?.bytes)).toEqual(content(500, 'files/a').subarray(10, 20));
    expect(await other.read(objectOf('files/b', 500))).toBeUndefined();
    expect(await other.read(objectOf('files/a', 501))).toBeUndefined();
  });

  test.each([
    [
      'whose reader went away',
      async (bytes: AsyncIterable<Uint8Array>) => {
        for await (const _ of bytes) break;
      },
      500,
    ],
    [
      'that breaks off',
      (bytes: AsyncIterable<Uint8Array>) => gathered(bytes).catch(() => undefined),
      500,
    ],
    ['that is shorter than it should be', gathered, 501],
    ['that is longer than it should be', gathered, 499],
  ])('is not made of one %s', async (what, read, size) => {
    const { another, folder } = await aCache();
    const cache = another();
    async function* source(): AsyncGenerator<Buffer> {
      yield* inPieces(content(500), 100);
      if (what === 'that breaks off') throw new Error('the store went away');
    }

    await read(cache.keep({ key: 'files/a', size }, source()));

    expect(await cache.read({ key: 'files/a', size })).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  test('is not made where there is no room for a file, and nobody is held up', async () => {
    const folder = join(await aFolder(), 'no-folder');
    await writeFile(folder, '');
    const cache = createObjectCache({ folder, bytesMax: 1_000 });

    expect(await keep(cache, 'files/a', 500)).toEqual(content(500, 'files/a'));
  });

  test('is not read once the object is gone, also where it was on its way', async () => {
    const { another } = await aCache();
    const [one, other] = [another(), another()];
    await keep(one, 'files/a', 300);
    const coming = one.keep(objectOf('files/b', 300), inPieces(content(300, 'files/b'), 100));
    await coming.next();

    await other.forget(objectOf('files/a', 300));
    await other.forget(objectOf('files/b', 300));
    await gathered(coming);

    expect(await one.read(objectOf('files/a', 300))).toBeUndefined();
    expect(await one.read(objectOf('files/b', 300))).toBeUndefined();
    await keep(one, 'files/a', 300);
    expect(await one.read(objectOf('files/a', 300))).toBeUndefined();
  });
});

describe('all copies', () => {
  test('take no more than they may: those used least lately go', async () => {
    const { another, folder } = await aCache(1_000);
    const cache = another();
    await keep(cache, 'a', 400);
    await keep(cache, 'b', 400);
    expect(await has(cache, 'a', 400)).toBe(true);

    await keep(cache, 'c', 400);

    expect(await has(cache, 'a', 400)).toBe(true);
    expect(await has(cache, 'b', 400)).toBe(false);
    expect(await has(cache, 'c', 400)).toBe(true);
    expect(await taken(folder)).toBe(800);
  });

  test('stay where one comes that is too large for all of the room', async () => {
    const { another } = await aCache(1_000);
    const cache = another();
    await keep(cache, 'a', 400);

    await keep(cache, 'large', 1_001);

    expect(await has(cache, 'large', 1_001)).toBe(false);
    expect(await has(cache, 'a', 400)).toBe(true);
  });

  test('take no more than they may while many come to two processes at once', async () => {
    const { another, folder } = await aCache(1_000);
    const [one, other] = [another(), another()];
    let most = 0;
    async function* watched(key: string): AsyncGenerator<Buffer> {
      for await (const piece of inPieces(content(120, key), 20)) {
        most = Math.max(most, await taken(folder));
        yield piece;
      }
    }

    async function reader(cache: ObjectCache, name: string): Promise<void> {
      for (let at = 0; at < 10; at += 1) {
        const object = objectOf(`${name}/${at}`, 120);
        await gathered(cache.keep(object, watched(object.key)));
      }
    }
    await Promise.all([
      ...['a', 'b', 'c', 'd'].map((name) => reader(one, name)),
      ...['e', 'f', 'g', 'h'].map((name) => reader(other, name)),
    ]);

    expect(most).toBeGreaterThan(500);
    expect(most).toBeLessThanOrEqual(1_000);
    expect(await taken(folder)).toBeLessThanOrEqual(1_000);
  });

  test('lose nothing but the one that was coming when a process is killed', async () => {
    const { another, folder } = await aCache(1_000);
    const cache = another();
    await keep(cache, 'a', 100);

    await killedWhile(
      new URL('./a-keeping-process.ts', import.meta.url),
      folder,
      '1000',
      'b',
      '900',
    );

    expect(await cache.read(objectOf('b', 900))).toBeUndefined();
    expect(await has(cache, 'a', 100)).toBe(true);
    await keep(cache, 'c', 900);
    expect(await has(cache, 'c', 900)).toBe(false);
    const left = (await readdir(folder)).find((name) => name.endsWith('.coming')) ?? '';
    const longAgo = new Date(Date.now() - 2 * hourMs);
    await utimes(join(folder, left), longAgo, longAgo);
    await keep(cache, 'c', 900);
    expect(await has(cache, 'c', 900)).toBe(true);
  });

  test('do not have one that the disk has lost the end of', async () => {
    const { another, folder } = await aCache();
    const cache = another();
    await keep(cache, 'a', 500);
    const [name = ''] = await readdir(folder);

    await truncate(join(folder, name), 499);

    expect(await cache.read(objectOf('a', 500))).toBeUndefined();
  });
});

describe('a download', () => {
  async function aWorld() {
    const { another } = await aCache();
    const store = await openObjectStore({ kind: 'file', folder: await aFolder() });
    const failing = { error: undefined as Error | undefined };
    const read: ObjectStore['read'] = async (key, range) => {
      if (failing.error) throw failing.error;
      return store.read(key, range);
    };
    const download = createDownloads({ ...store, read }, another());
    await store.put('files/a', inPieces(content(500)), 500);
    return { store, failing, download, object: objectOf('files/a', 500) };
  }

  test('comes from the copy while the store is given a rest, and says so', async () => {
    const { failing, download, object } = await aWorld();
    const first = await download(object);
    expect(first?.since).toBeUndefined();
    await gathered(first?.bytes);
    failing.error = new ObjectStoreUnavailable(30_000);

    const second = await download(object);
    const part = await download(object, { from: 490 });

    expect(second?.since).toBeGreaterThan(0);
    expect(await gathered(second?.bytes)).toEqual(content(500));
    expect(await gathered(part?.bytes)).toEqual(content(500).subarray(490));
  });

  test('says what the store said where there is no copy', async () => {
    const { failing, download, object } = await aWorld();
    await gathered((await download(object, { from: 0 }))?.bytes);
    failing.error = new ObjectStoreUnavailable(30_000);

    await expect(download(object)).rejects.toBe(failing.error);
  });

  test('of an object that was removed has no bytes, nor a copy of them', async () => {
    const { store, failing, download, object } = await aWorld();
    await gathered((await download(object))?.bytes);
    await store.remove([object.key]);

    expect(await download(object)).toBeUndefined();
    failing.error = new ObjectStoreUnavailable(30_000);
    await expect(download(object)).rejects.toBe(failing.error);
  });
});
