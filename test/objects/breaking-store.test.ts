import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Database } from '../../src/database/index.js';
import { breakerProfiles } from '../../src/domain/index.js';
import {
  breakingStore,
  ObjectMissing,
  type ObjectStore,
  ObjectStoreUnavailable,
  ObjectTooLarge,
  openObjectStore,
} from '../../src/objects/index.js';
import { breakersByHand, keyOfShare } from '../support/breakers.js';
import { content, gathered, hanging, inPieces } from './content.js';

const hand = breakersByHand();

/** A store of files that fails while a file lies where its folder was, and who asks it. */
async function aStore() {
  const parent = await mkdtemp(join(tmpdir(), 'holdfast-breaking-'));
  onTestFinished(() => rm(parent, { recursive: true, force: true }));
  const folder = join(parent, 'objects');
  const shared = hand.aSharedProvider(breakerProfiles.objects);
  const store = await openObjectStore({ kind: 'file', folder });
  return {
    ...shared,
    folder,
    async fails() {
      await rm(folder, { recursive: true, force: true });
      await writeFile(folder, '');
    },
    async works() {
      await rm(folder, { recursive: true, force: true });
    },
    process(database?: Database) {
      const worker = shared.worker(database);
      return { ...worker, store: breakingStore(store, worker.breaker) };
    },
  };
}

const early = keyOfShare(0, 0.1);
const middle = keyOfShare(0.1, 0.5);
const late = keyOfShare(0.5, 1);
const put = (store: ObjectStore, key: string) => store.put(key, inPieces(content(10)), 100);

async function failsTimes(times: number, call: () => Promise<unknown>): Promise<void> {
  for (let time = 1; time <= times; time += 1) {
    await expect(call()).rejects.not.toThrow(ObjectStoreUnavailable);
  }
}

describe('a store behind its breaker', () => {
  test('is given a rest after five failures in a row, by every process', async () => {
    const { process, fails, works, events } = await aStore();
    const [one, other] = [process(), process()];
    await put(other.store, early);
    await fails();
    await failsTimes(4, () => put(one.store, early));
    await works();
    await put(one.store, early);
    await fails();

    await failsTimes(5, () => put(one.store, early));
    await one.breaker.settled();
    await hand.pass(1_000);
    await works();

    const refused = await put(other.store, early).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(ObjectStoreUnavailable);
    expect(refused).toMatchObject({ retryAfterMs: 29_000 });
    for (const call of [
      () => one.store.read(early),
      () => one.store.size(early),
      () => one.store.copy(early, early),
      () => one.store.remove([early]),
      () => one.store.list(''),
      () => one.store.abandon(0),
    ]) {
      await expect(call()).rejects.toThrow(ObjectStoreUnavailable);
    }
    expect(await events()).toEqual(['breaker.opened']);
  });

  test('comes back with a tenth of its keys, then half of them, then all', async () => {
    const { process, fails, works, events } = await aStore();
    const { store, breaker } = process();
    await fails();
    await failsTimes(5, () => put(store, early));
    await breaker.settled();
    await works();

    await hand.pass(30_000);
    await put(store, early);
    await expect(put(store, middle)).rejects.toMatchObject({ retryAfterMs: 30_000 });
    await expect(put(store, late)).rejects.toMatchObject({ retryAfterMs: 60_000 });
    await hand.pass(30_000);
    await put(store, middle);
    await expect(put(store, late)).rejects.toThrow(ObjectStoreUnavailable);
    await hand.pass(30_000);
    await put(store, late);

    await breaker.settled();
    expect(await events()).toEqual(['breaker.opened', 'breaker.recovering', 'breaker.closed']);
  });

  test('counts a reading that breaks off, and not that it began', async () => {
    const { process, folder, events } = await aStore();
    const { store, breaker } = process();
    // What cannot be read stands where the object was.
    await mkdir(join(folder, `${early}.object`), { recursive: true });

    await failsTimes(5, async () => gathered(await store.read(early)));

    await breaker.settled();
    expect(await events()).toEqual(['breaker.opened']);
  });

  test('forgets failures when an object is read to its end', async () => {
    const { process, fails, works, row } = await aStore();
    const { store, breaker } = process();
    await fails();
    await failsTimes(4, () => store.list(''));
    await works();
    await put(process().store, early);

    expect(await gathered(await store.read(early))).toEqual(content(10));

    await breaker.settled();
    expect((await row())?.state).toMatchObject({ mode: 'closed', failuresInRow: 0 });
  });

  test('does not blame the store for what others did', async () => {
    const { process, row } = await aStore();
    const { store, breaker } = process();
    const broken = new Error('the sender went away');
    async function* breaking(): AsyncGenerator<Buffer> {
      yield content(1);
      throw broken;
    }
    for (let time = 1; time <= 6; time += 1) {
      const stop = new AbortController();
      const hangs = hanging(content(1), () => stop.abort(new Error('unwanted')));
      await expect(store.put('sender', breaking(), 10)).rejects.toBe(broken);
      await expect(store.put('large', inPieces(content(11)), 10)).rejects.toThrow(ObjectTooLarge);
      await expect(store.put('hangs', hangs, 10, stop.signal)).rejects.toThrow('unwanted');
      await expect(store.copy('none', 'to')).rejects.toThrow(ObjectMissing);
      await expect(store.read('../up')).rejects.toThrow(RangeError);
      expect(await store.read('none')).toBeUndefined();
    }

    await breaker.settled();
    expect(await row()).toBeUndefined();
  });

  test('asks nothing of the store while nobody can tell how it does', async () => {
    const { process } = await aStore();
    const down = { ...hand.test().database, call: () => Promise.reject(new Error('no database')) };

    const refused = put(process(down).store, early);

    await expect(refused).rejects.toMatchObject({ retryAfterMs: 1_000 });
    expect(await put(process().store, early)).toMatchObject({ size: 10 });
  });
});
