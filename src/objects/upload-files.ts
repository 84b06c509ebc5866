import { createHash } from 'node:crypto';
import type { Inspect } from './inspection.js';
import type { ObjectStore } from './store.js';

/** A piece of a file, as it was recorded. */
export interface RecordedPart {
  readonly n: number;
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
}

/** Told of bytes as they go by. */
export type Tell = (bytes: number) => void;

/** What is done with the objects of an upload. */
export interface UploadFiles {
  /** Makes one object of the parts; gives its SHA-256. @throws RangeError for a lost part */
  join(
    parts: readonly RecordedPart[],
    to: { readonly key: string; readonly size: number },
    tell: Tell,
    signal: AbortSignal,
  ): Promise<string>;
  /** The SHA-256 of an object that is there with this size; undefined where there is none. */
  hashOf(key: string, size: number, tell: Tell): Promise<string | undefined>;
  isThere(key: string, size: number): Promise<boolean>;
  copy(from: string, to: string): Promise<void>;
  readonly inspect: Inspect;
}

/** The files of a store. */
export function createUploadFiles(store: ObjectStore, inspect: Inspect): UploadFiles {
  const isThere = async (key: string, size: number) => (await store.size(key)) === size;
  return {
    join: async (parts, { key, size }, tell, signal) => {
      const { sha256 } = await store.put(key, joined(store, parts, tell), size, signal);
      return sha256;
    },
    hashOf: async (key, size, tell) => {
      const bytes = (await isThere(key, size)) ? await store.read(key) : undefined;
      if (bytes === undefined) return undefined;
      const hash = createHash('sha256');
      for await (const chunk of bytes) {
        hash.update(chunk);
        tell(chunk.length);
      }
      return hash.digest('hex');
    },
    isThere,
    copy: (from, to) => store.copy(from, to),
    inspect,
  };
}

/** The parts one after the other. What was recorded is in the store, or the store lost it. */
async function* joined(store: ObjectStore, parts: readonly RecordedPart[], tell: Tell) {
  for (const { n, key, size, sha256 } of parts) {
    const bytes = await store.read(key);
    if (bytes === undefined) throw new RangeError(`part ${n} is not in the store`);
    const hash = createHash('sha256');
    let length = 0;
    for await (const chunk of bytes) {
      hash.update(chunk);
      length += chunk.length;
      tell(chunk.length);
      yield chunk;
    }
    if (length !== size || hash.digest('hex') !== sha256) {
      throw new RangeError(`part ${n} in the store is not what was recorded`);
    }
  }
}
