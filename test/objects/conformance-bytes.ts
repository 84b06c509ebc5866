import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { ObjectMissing } from '../../src/objects/index.js';
import { content, gathered, inPieces, sha256Of } from './content.js';
import { fresh, mega, plenty, type Tested } from './tested-store.js';

/** Gives back what it was given. */
export function keepsBytes(tested: Tested): void {
  // Around the 8 MiB at which S3 is sent parts.
  test.each([0, 1, 8 * mega - 1, 8 * mega, 8 * mega + 1, 17 * mega])(
    'gives back the %i bytes that it was given, and their hash',
    async (size) => {
      const { store } = tested();
      const key = `${fresh()}/whole`;
      const bytes = content(size);

      const stored = await store.put(key, inPieces(bytes), size);

      expect(stored).toEqual({ key, size, sha256: sha256Of(bytes) });
      expect(await store.size(key)).toBe(size);
      expect((await gathered(await store.read(key))).equals(bytes)).toBe(true);
    },
  );

  test('takes an object for another under the same key', async () => {
    const { store } = tested();
    const key = `${fresh()}/twice`;
    await store.put(key, inPieces(content(1_000, 'first')), plenty);

    await store.put(key, inPieces(content(10, 'second')), plenty);

    expect(await gathered(await store.read(key))).toEqual(content(10, 'second'));
  });

  test('has nothing under a key that nobody put anything under', async () => {
    const { store } = tested();
    const key = `${fresh()}/none`;

    expect(await store.read(key)).toBeUndefined();
    expect(await store.read(key, { from: 5 })).toBeUndefined();
    expect(await store.size(key)).toBeUndefined();
    expect(await store.list(key)).toEqual({ objects: [] });
  });

  test('removes what is there, and what is not there without a word', async () => {
    const { store } = tested();
    const [one, other] = [`${fresh()}/one`, `${fresh()}/other`];
    await store.put(one, inPieces(content(10)), plenty);
    await store.put(other, inPieces(content(10)), plenty);

    await store.remove([one, `${one}-never-there`]);
    await store.remove([one]);
    await store.remove([]);

    expect(await store.size(one)).toBeUndefined();
    expect(await store.size(other)).toBe(10);
  });
}

/** Reads parts of an object. */
export function ranges(tested: Tested): void {
  test.each([
    [{ from: 0 }, 0, 1_000],
    [{ from: 10 }, 10, 1_000],
    [{ from: 0, to: 0 }, 0, 1],
    [{ from: 10, to: 19 }, 10, 20],
    [{ from: 990, to: 5_000 }, 990, 1_000],
    [{ from: 1_000 }, 0, 0],
    [{ from: 2_000, to: 3_000 }, 0, 0],
  ])('reads only the range %j of 1,000 bytes', async (range, from, end) => {
    const { store } = tested();
    const key = `${fresh()}/range`;
    await store.put(key, inPieces(content(1_000)), plenty);

    expect(await gathered(await store.read(key, range))).toEqual(
      content(1_000).subarray(from, end),
    );
  });
}

/** Needs no memory for what it streams. */
export function streams(tested: Tested): void {
  test('streams 64 MiB in and out without having them in memory', async () => {
    const { store } = tested();
    const key = `${fresh()}/large`;
    const piece = content(mega);
    const before = bytesInUse();
    let most = 0;
    const look = () => {
      most = Math.max(most, bytesInUse() - before);
    };
    async function* large(): AsyncGenerator<Buffer> {
      for (let sent = 0; sent < 64; sent += 1) {
        if (sent % 4 === 0) look();
        yield Buffer.from(piece);
      }
    }

    await store.put(key, large(), 64 * mega);
    let read = 0;
    for await (const chunk of (await store.read(key)) ?? []) {
      if ((read + chunk.byteLength) % (4 * mega) < read % (4 * mega)) look();
      read += chunk.byteLength;
    }

    expect(read).toBe(64 * mega);
    expect(most).toBeLessThan(28 * mega);
  });
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Of buffers that somebody still holds: not what only waits to be collected. */
function bytesInUse(): number {
  collect();
  // Buffers are swept beside us after a collection; the next one waits until that is done.
  collect();
  return process.memoryUsage().arrayBuffers;
}

/** Copies within the store. */
export function copies(tested: Tested): void {
  test('copies an object, which then stands by itself', async () => {
    const { store } = tested();
    const prefix = fresh();
    const [from, to] = [`${prefix}/from`, `${prefix}/deep/er/to`];
    await store.put(from, inPieces(content(9 * mega)), plenty);

    await store.copy(from, to);
    await store.copy(from, to);
    await store.put(from, inPieces(content(3, 'changed')), plenty);
    expect((await gathered(await store.read(to))).equals(content(9 * mega))).toBe(true);
    await store.copy(to, from);
    await store.remove([to]);

    expect((await gathered(await store.read(from))).equals(content(9 * mega))).toBe(true);
    expect((await store.list(prefix)).objects.map(({ key }) => key)).toEqual([from]);
    expect(await store.abandon(Date.now() + 60_000)).toBe(0);
  });

  test('has nothing to copy where there is no object', async () => {
    const { store } = tested();
    const prefix = fresh();

    const copied = store.copy(`${prefix}/none`, `${prefix}/to`);

    await expect(copied).rejects.toThrow(ObjectMissing);
    expect(await store.list(prefix)).toEqual({ objects: [] });
  });
}
