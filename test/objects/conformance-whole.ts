import { expect, test } from 'vitest';
import { ObjectTooLarge } from '../../src/objects/index.js';
import { content, gathered, hanging, inPieces, sha256Of } from './content.js';
import { killedWhile } from './killed-while.js';
import { fresh, mega, plenty, type Tested } from './tested-store.js';

/** Whatever is visible is whole. */
export function wholeOrNothing(tested: Tested): void {
  const broken = new Error('the sender went away');
  async function* breaking(bytes: Uint8Array): AsyncGenerator<Buffer> {
    yield* inPieces(bytes);
    throw broken;
  }

  test.each([0, 1_000, 20 * mega])(
    'shows nothing of an object whose sender breaks off after %i bytes',
    async (size) => {
      const { store } = tested();
      const prefix = fresh();
      await store.put(`${prefix}/there`, inPieces(content(7, 'before')), plenty);

      const [added, over] = [`${prefix}/new`, `${prefix}/there`];
      await expect(store.put(added, breaking(content(size)), plenty)).rejects.toBe(broken);
      await expect(store.put(over, breaking(content(size)), plenty)).rejects.toBe(broken);

      expect((await store.list(prefix)).objects.map(({ key }) => key)).toEqual([over]);
      expect(await gathered(await store.read(over))).toEqual(content(7, 'before'));
    },
  );
}

/** Stops where it is told to. */
export function ends(tested: Tested): void {
  test.each([
    [999, 1_000],
    [9 * mega, 9 * mega + 1],
  ])('takes up to %i bytes and refuses %i', async (maxBytes, size) => {
    const { store } = tested();
    const prefix = fresh();

    const refused = store.put(`${prefix}/more`, inPieces(content(size)), maxBytes);

    await expect(refused).rejects.toThrow(new ObjectTooLarge(maxBytes));
    expect(await store.list(prefix)).toEqual({ objects: [] });
    const fits = await store.put(`${prefix}/fits`, inPieces(content(maxBytes)), maxBytes);
    expect(fits.size).toBe(maxBytes);
  });

  test.each([1_000, 20 * mega])(
    'ends at once when it is no longer wanted, %i bytes into a sender that hangs',
    async (size) => {
      const { store } = tested();
      const prefix = fresh();
      const stop = new AbortController();
      const unwanted = new Error('no longer wanted');
      const source = hanging(content(size), () => stop.abort(unwanted));

      const put = store.put(`${prefix}/unwanted`, source, plenty, stop.signal);

      await expect(put).rejects.toBe(unwanted);
      expect(await store.list(prefix)).toEqual({ objects: [] });
    },
  );

  test('keeps one whole object of ten that are put under one key at once', async () => {
    const { store } = tested();
    const key = `${fresh()}/contended`;
    const contents = Array.from({ length: 10 }, (_, at) => content(9 * mega + at, `put ${at}`));

    const stored = await Promise.all(
      contents.map((bytes) => store.put(key, inPieces(bytes), plenty)),
    );

    const kept = sha256Of(await gathered(await store.read(key)));
    expect(stored.map(({ sha256 }) => sha256)).toContain(kept);
  });
}

/** Nothing half is seen of what was never finished. */
export function survivesDeath(tested: Tested): void {
  test.each([1_000, 20 * mega])(
    'shows nothing of an object whose process is killed %i bytes into it, and abandons the rest',
    async (size) => {
      const { location, store, forgetsMoments } = tested();
      const prefix = fresh();

      const order = [JSON.stringify(location), `${prefix}/killed`, `${size}`];
      await killedWhile(new URL('./a-putting-process.ts', import.meta.url), ...order);

      expect(await store.size(`${prefix}/killed`)).toBeUndefined();
      expect(await store.list(prefix)).toEqual({ objects: [] });
      if (!forgetsMoments) expect(await store.abandon(Date.now() - 3_600_000)).toBe(0);
      // S3 has nothing yet of what fits into one request.
      const begun = location.kind === 's3' && size < 8 * mega ? 0 : 1;
      expect(await store.abandon(Date.now() + 60_000)).toBe(begun);
      expect(await store.abandon(Date.now() + 60_000)).toBe(0);
    },
  );

  test('never shows an object that was abandoned while it came', async () => {
    const { store } = tested();
    const prefix = fresh();
    async function* abandoned(): AsyncGenerator<Buffer> {
      yield* inPieces(content(20 * mega));
      expect(await store.abandon(Date.now() + 60_000)).toBe(1);
      yield content(1_000);
    }

    await expect(store.put(`${prefix}/late`, abandoned(), plenty)).rejects.toThrow();

    expect(await store.list(prefix)).toEqual({ objects: [] });
  });
}
