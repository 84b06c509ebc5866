import { createHash } from 'node:crypto';
import { ObjectTooLarge, type StoredObject } from './store.js';

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

/** What comes from the source until the signal, also while the source itself hangs. */
async function* until(
  signal: AbortSignal,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await nextUntil(signal, iterator);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    // Not waited for: a source that hangs ends when it can, and whatever it says then is too late.
    iterator.return?.().catch(() => undefined);
  }
}

/** Listens anew for every piece: a promise that outlives them would keep them all in memory. */
function nextUntil(
  signal: AbortSignal,
  iterator: AsyncIterator<Uint8Array>,
): Promise<IteratorResult<Uint8Array>> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    iterator
      .next()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', stop));
  });
}
