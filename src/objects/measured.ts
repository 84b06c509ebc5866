import { createHash } from 'node:crypto';
import { ObjectTooLarge, type StoredObject } from './store.js';
import { until } from './until.js';

export interface Measured {
  /** The same bytes; throws ObjectTooLarge past the limit, and the signal's reason at once. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Of all that has passed so far. */
  readonly taken: () => Omit<StoredObject, 'key'>;
}

/** Counts and hashes what a store is given, and stops what is too much or no longer wanted. */
export function measured(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal?: AbortSignal,
): Measured {
  const hash = createHash('sha256');
  let size = 0;

  async function* passed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of signal === undefined ? source : until(signal, source)) {
      size += chunk.byteLength;
      if (size > maxBytes) throw new ObjectTooLarge(maxBytes);
      hash.update(chunk);
      yield chunk;
    }
  }

  return { bytes: passed(), taken: () => ({ size, sha256: hash.copy().digest('hex') }) };
}
