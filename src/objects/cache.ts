import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeRoom } from './cache-room.js';
import { checkedRange } from './range.js';
import type { ByteRange, ObjectStore } from './store.js';
import { unlessMissing } from './unless-missing.js';

/** An object that never changes under its key, and how many bytes it has. */
export interface CachedObject {
  readonly key: string;
  readonly size: number;
}

export interface Download {
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Since when a copy is kept here, in epoch milliseconds, where the bytes are not the store's. */
  readonly since?: number;
}

/**
 * Copies of what was read lately, in files of this machine. It is a help and never in the way: what
 * cannot be kept is passed on all the same.
 */
export interface ObjectCache {
  /** Undefined where there is no whole copy. */
  read(object: CachedObject, range?: ByteRange): Promise<Download | undefined>;
  /** Passes the bytes on, and has a copy once all of them have passed. */
  keep(object: CachedObject, bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array>;
  /** No copy is read any more, also none that is being made now. */
  forget(object: CachedObject): Promise<void>;
}

interface CacheSettings {
  /** Of its own; processes may share it. */
  readonly folder: string;
  /** Of all copies; those used least lately go first. */
  readonly bytesMax: number;
  readonly now?: () => number;
}

/** A cache that a crash leaves whole, whenever it comes. */
export function createObjectCache(settings: CacheSettings): ObjectCache {
  const { folder, bytesMax, now = Date.now } = settings;
  const stemOf = ({ key, size }: CachedObject) =>
    `${createHash('sha256').update(key).digest('hex')}-${size}`;
  const pathOf = (object: CachedObject, kind: 'whole' | 'gone') =>
    join(folder, `${stemOf(object)}.${kind}`);
  const isThere = async (path: string) => (await unlessMissing(stat(path))) !== undefined;

  /** A file for a copy, once there is room for all of it; undefined where there is none. */
  async function begun(object: CachedObject): Promise<Coming | undefined> {
    if (object.size > bytesMax || (await isThere(pathOf(object, 'whole')))) return undefined;
    await mkdir(folder, { recursive: true });
    // It counts with all of its size from here on, for every process that makes room.
    const path = join(folder, `${stemOf(object)}.${randomUUID()}.coming`);
    const file = await open(path, 'wx');
    const coming = { path, file };
    if (await makeRoom(folder, bytesMax, now())) return coming;
    await dropped(coming);
    return undefined;
  }

  async function stand({ path, file }: Coming, object: CachedObject): Promise<void> {
    const moment = new Date(now());
    await file.utimes(moment, moment);
    await file.sync();
    await rename(path, pathOf(object, 'whole'));
    if (await isThere(pathOf(object, 'gone'))) await rm(pathOf(object, 'whole'), { force: true });
  }

  return {
    async read(object, range = { from: 0 }) {
      const { from, to } = checkedRange(range);
      if (await isThere(pathOf(object, 'gone'))) return undefined;
      const file = await unlessMissing(open(pathOf(object, 'whole')));
      const found = await file?.stat();
      if (file === undefined || found?.size !== object.size) {
        await file?.close();
        return undefined;
      }
      // The one says when it was used, the other stays: since when it is here.
      await file.utimes(new Date(now()), found.mtime);
      const bytes = file.createReadStream({ start: from, ...(to !== undefined && { end: to }) });
      return { bytes, since: found.mtime.getTime() };
    },
    async *keep(object, bytes) {
      const coming = await begun(object).catch(() => undefined);
      let keeps = coming !== undefined;
      let passed = 0;
      try {
        for await (const chunk of bytes) {
          keeps &&= await succeeds(coming?.file.writeFile(chunk));
          passed += chunk.byteLength;
          yield chunk;
        }
        if (coming && keeps && passed === object.size) await succeeds(stand(coming, object));
      } finally {
        if (coming) await succeeds(dropped(coming));
      }
    },
    async forget(object) {
      await mkdir(folder, { recursive: true });
      // Before the copy goes: who is about to have one sees it after that.
      await writeFile(pathOf(object, 'gone'), '');
      await rm(pathOf(object, 'whole'), { force: true });
    },
  };
}

/** Reads from the store, keeping copies, and from the copies while the store cannot be read. */
export function createDownloads(store: ObjectStore, cache: ObjectCache) {
  return async (object: CachedObject, range?: ByteRange): Promise<Download | undefined> => {
    try {
      const bytes = await store.read(object.key, range);
      if (bytes !== undefined) {
        return { bytes: range === undefined ? cache.keep(object, bytes) : bytes };
      }
      await cache.forget(object);
      return undefined;
    } catch (error) {
      if (error instanceof RangeError) throw error;
      const kept = await cache.read(object, range).catch(() => undefined);
      if (kept === undefined) throw error;
      return kept;
    }
  };
}

interface Coming {
  readonly path: string;
  readonly file: FileHandle;
}

async function dropped({ path, file }: Coming): Promise<void> {
  await file.close();
  await rm(path, { force: true });
}

async function succeeds(asked: Promise<void> | undefined): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch {
    return false;
  }
}
