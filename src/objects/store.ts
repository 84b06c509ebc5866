/** What was written, whole. */
export interface StoredObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** Hex, of all of it. */
  readonly sha256: string;
}

/** Bytes of an object, both ends included, as in HTTP; without `to` all from there on. */
export interface ByteRange {
  readonly from: number;
  readonly to?: number;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  /** When it came to stand under this key, in epoch milliseconds. */
  readonly modifiedAt: number;
}

export interface ObjectPage {
  readonly objects: readonly ListedObject[];
  /** Where the next page begins; left out on the last one. */
  readonly next?: string;
}

/**
 * Where bytes are kept. Keys are ours, never a person's: parts of [a-z0-9_-] between slashes; any
 * other throws RangeError. An object is visible whole or not at all. What throws otherwise is a
 * store that cannot be reached or used now: the same call later may do.
 */
export interface ObjectStore {
  /**
   * Writes all that comes over what may be there, and answers what was written. Nothing is visible
   * when it throws; where only the answer of the store was lost, the object is there, whole.
   * @throws ObjectTooLarge past `maxBytes`; whatever `bytes` throws; the signal's reason
   */
  put(
    key: string,
    bytes: AsyncIterable<Uint8Array>,
    maxBytes: number,
    signal?: AbortSignal,
  ): Promise<StoredObject>;
  /**
   * The bytes, or undefined where there is no such object. They are to be read to the end or given
   * up (`break`): until then something is open. A range past the end has none.
   */
  read(key: string, range?: ByteRange): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** In bytes; undefined where there is no such object. */
  size(key: string): Promise<number | undefined>;
  /** In the same store, without the bytes passing through this process. @throws ObjectMissing */
  copy(from: string, to: string): Promise<void>;
  /** What is not there is gone already. */
  remove(keys: readonly string[]): Promise<void>;
  /** Those whose keys begin so and come behind `after`, in key order, a page of 1,000 at most. */
  list(prefix: string, after?: string): Promise<ObjectPage>;
  /** Ends what was begun before that moment and never finished: how many. Nobody saw any of it. */
  abandon(before: number): Promise<number>;
}

/** Objects of one page of a list. */
export const pageMax = 1_000;

/** More came than was allowed; nothing of it is kept. */
export class ObjectTooLarge extends Error {
  override readonly name = 'ObjectTooLarge';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`more than ${maxBytes} bytes came`);
    this.maxBytes = maxBytes;
  }
}

/** There is nothing to copy. */
export class ObjectMissing extends Error {
  override readonly name = 'ObjectMissing';

  constructor(key: string) {
    super(`no object ${key}`);
  }
}

/** Nothing is sent to the store now: it failed too often. Ask again after so long. */
export class ObjectStoreUnavailable extends Error {
  override readonly name = 'ObjectStoreUnavailable';
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number, options?: ErrorOptions) {
    super(`the object store is given a rest of ${retryAfterMs} ms`, options);
    this.retryAfterMs = retryAfterMs;
  }
}
