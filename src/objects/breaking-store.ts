import type { Breaker } from '../providers/breaker.js';
import {
  ObjectMissing,
  type ObjectStore,
  ObjectStoreUnavailable,
  ObjectTooLarge,
} from './store.js';

/** Asked again so soon where nobody knows how the store does. */
const unreadableRetryMs = 1_000;

/**
 * A store behind its breaker. While that is open nothing is asked of the store: every call throws
 * ObjectStoreUnavailable at once. What the caller caused, its sender or its signal is no fault of
 * the store, and neither is a sender or a reader that takes its time.
 */
export function breakingStore(store: ObjectStore, breaker: Breaker): ObjectStore {
  async function admitted(key: string): Promise<void> {
    const admission = await breaker.admit(key).catch((cause: unknown) => {
      // Nothing that is put or read now could be written down or looked up.
      throw new ObjectStoreUnavailable(unreadableRetryMs, { cause });
    });
    if (admission.kind === 'open') throw new ObjectStoreUnavailable(admission.retryAfterMs);
  }

  function told(outcome: 'ok' | 'failure'): void {
    // How long it took says more of the sender, the reader and the size than of the store.
    breaker.report(outcome, 0);
  }

  async function asked<Value>(
    key: string,
    call: () => Promise<Value>,
    isCallers: (error: unknown) => boolean = () => false,
  ): Promise<Value> {
    await admitted(key);
    try {
      const value = await call();
      told('ok');
      return value;
    } catch (error) {
      if (!isRefusal(error) && !isCallers(error)) told('failure');
      throw error;
    }
  }

  async function* readToTheEnd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes;
    } catch (error) {
      told('failure');
      throw error;
    }
    told('ok');
  }

  return {
    put(key, bytes, maxBytes, signal) {
      const sender = senderOf(bytes);
      return asked(
        key,
        () => store.put(key, sender.bytes, maxBytes, signal),
        (error) => sender.threw(error) || signal?.aborted === true,
      );
    },
    async read(key, range) {
      await admitted(key);
      const found = await store.read(key, range).catch((error: unknown) => {
        if (!isRefusal(error)) told('failure');
        throw error;
      });
      // Of what is found, only its end says that all went well.
      if (found !== undefined) return readToTheEnd(found);
      told('ok');
      return undefined;
    },
    size: (key) => asked(key, () => store.size(key)),
    copy: (from, to) => asked(to, () => store.copy(from, to)),
    remove: (keys) => asked(keys[0] ?? '', () => store.remove(keys)),
    list: (prefix, after) => asked(`${prefix}${after ?? ''}`, () => store.list(prefix, after)),
    abandon: (before) => asked('', () => store.abandon(before)),
  };
}

/** What a store that is well says no to. */
function isRefusal(error: unknown): boolean {
  return [ObjectTooLarge, ObjectMissing, RangeError].some((kind) => error instanceof kind);
}

/** The same bytes, and whether it was their sender who threw. */
function senderOf(bytes: AsyncIterable<Uint8Array>) {
  const thrown = new Set<unknown>();

  async function* passed(): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes;
    } catch (error) {
      thrown.add(error);
      throw error;
    }
  }

  return { bytes: passed(), threw: (error: unknown) => thrown.has(error) };
}
