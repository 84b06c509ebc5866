import { expect, test } from 'vitest';
import { content, inPieces } from './content.js';
import { fresh, plenty, type Tested } from './tested-store.js';

/** Finds keys in their order. */
export function lists(tested: Tested): void {
  test('lists all of a prefix in the order of keys, with size and moment', async () => {
    const { store } = tested();
    const prefix = fresh();
    const names = ['a-b', 'a/b', 'a/c/d', 'a0', 'a_b', 'b', 'ab'];
    const since = Math.floor(Date.now() / 1_000) * 1_000;
    for (const name of names) {
      await store.put(`${prefix}/${name}`, inPieces(content(name.length)), plenty);
    }

    const { objects, next } = await store.list(`${prefix}/`);

    expect(next).toBeUndefined();
    expect(objects.map(({ key }) => key)).toEqual(
      names.map((name) => `${prefix}/${name}`).toSorted(),
    );
    for (const { key, size, modifiedAt } of objects) {
      expect(size).toBe(key.length - prefix.length - 1);
      expect(modifiedAt).toBeGreaterThanOrEqual(since);
      expect(modifiedAt).toBeLessThanOrEqual(Date.now() + 1_000);
    }
    const keysOf = async (from: string, after?: string) =>
      (await store.list(from, after)).objects.map(({ key }) => key.slice(prefix.length + 1));
    expect(await keysOf(`${prefix}/a/`)).toEqual(['a/b', 'a/c/d']);
    expect(await keysOf(`${prefix}/a`)).toEqual(['a-b', 'a/b', 'a/c/d', 'a0', 'a_b', 'ab']);
    expect(await keysOf(`${prefix}/`, `${prefix}/a/b`)).toEqual(['a/c/d', 'a0', 'a_b', 'ab', 'b']);
    expect(await keysOf(`${prefix}/`, `${prefix}/a/bb`)).toEqual(['a/c/d', 'a0', 'a_b', 'ab', 'b']);
  });
}

/** Finds more keys than a page has. */
export function pages(tested: Tested): void {
  test('lists 1,005 objects in two pages, and removes all of them in one go', async () => {
    const { store } = tested();
    const prefix = fresh();
    const keys = Array.from(
      { length: 1_005 },
      (_, at) => `${prefix}/${String(at).padStart(4, '0')}`,
    );
    for (let from = 0; from < keys.length; from += 15) {
      const some = keys.slice(from, from + 15);
      await Promise.all(some.map((key) => store.put(key, inPieces(content(1)), plenty)));
    }

    const first = await store.list(prefix);
    const second = await store.list(prefix, first.next);

    expect(first.objects).toHaveLength(1_000);
    expect(second.next).toBeUndefined();
    expect([...first.objects, ...second.objects].map(({ key }) => key)).toEqual(keys);
    await store.remove(keys);
    expect(await store.list(prefix)).toEqual({ objects: [] });
  });
}

/** Takes no key that is not ours. */
export function refuses(tested: Tested): void {
  const bad = [
    '',
    '/',
    '/abs',
    'a//b',
    'a/',
    '..',
    '../up',
    'a/../b',
    './a',
    'a.b',
    'Upper',
    'a b',
  ];
  const worse = [
    'a\0b',
    'ä',
    '%2e%2e',
    'a\\b',
    'a\n',
    'x'.repeat(201),
    'a/'.repeat(600).concat('a'),
  ];

  test.each([...bad, ...worse])('refuses the key %j', async (key) => {
    const { store } = tested();
    let asked = false;
    async function* source(): AsyncGenerator<Buffer> {
      asked = true;
      yield content(1);
    }

    await expect(store.put(key, source(), plenty)).rejects.toThrow(RangeError);
    await expect(store.read(key)).rejects.toThrow(RangeError);
    await expect(store.size(key)).rejects.toThrow(RangeError);
    await expect(store.copy(key, 'to')).rejects.toThrow(RangeError);
    await expect(store.copy('from', key)).rejects.toThrow(RangeError);
    await expect(store.remove([key])).rejects.toThrow(RangeError);
    expect(asked).toBe(false);
  });

  test.each(['/', '/abs', '../', 'a//', 'A', 'a.b'])('refuses the prefix %j', async (prefix) => {
    await expect(tested().store.list(prefix)).rejects.toThrow(RangeError);
  });

  test.each([
    { from: -1 },
    { from: 5, to: 4 },
    { from: 0.5 },
    { from: Number.NaN },
    { from: 0, to: Number.POSITIVE_INFINITY },
  ])('refuses the range %j', async (range) => {
    await expect(tested().store.read('key', range)).rejects.toThrow(RangeError);
  });
}
