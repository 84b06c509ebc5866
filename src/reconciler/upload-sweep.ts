import type { Watch } from '../client/index.js';
import { objectPrefixes, type OpId, prefixesOf } from '../domain/index.js';
import type { UploadReads } from '../ledger/index.js';
import type { ObjectStore } from '../objects/index.js';

export interface UploadSweepDeps {
  readonly uploads: UploadReads;
  readonly store: ObjectStore;
  readonly watch: Pick<Watch, 'tell'>;
  /** Told of what could not be cleared away; the next sweep meets it again. */
  readonly onTrouble: (trouble: { readonly reason: string; readonly error?: unknown }) => void;
  /** How long after its last byte an upload is woken; 10 s when left out. */
  readonly quietMs?: number;
  /** How old an object must be to be nobody's; 1 h when left out. */
  readonly orphanedMs?: number;
}

/** Keeps uploads and the objects of their files together. It decides about none of them. */
export interface UploadSweep {
  /** Wakes those whose last byte came unheard; gives how many. */
  wakeUploads(): Promise<number>;
  /** Clears up after a page of those that have ended. */
  clearEnded(page: number): Promise<{ readonly next: number | null }>;
  /**
   * Looks at a page of objects for those that no file is made of, and removes them; gives behind
   * which one the next look goes on, null after the last.
   */
  clearOrphans(after: string | null): Promise<{ readonly next: string | null }>;
}

// Longer than any step that writes may take.
const unfinishedMs = 3 * 3_600_000;
const wokenMax = 200;
const endedMax = 100;
const clearingMs = 10_000;
/** Behind every letter of a key: what follows begins with something else. */
const last = '~';

/** The sweep over what it is given. A store that is away holds up nothing else. */
export function createUploadSweep(deps: UploadSweepDeps): UploadSweep {
  const { uploads, store, watch, onTrouble } = deps;
  const { quietMs = 10_000, orphanedMs = 3_600_000 } = deps;
  return {
    wakeUploads: async () => {
      const waiting = await uploads.waiting(wokenMax, quietMs);
      // Under this name each hears it once: it looks then, and at its expiry again.
      for (const opId of waiting) await watch.tell(opId, `whole:${opId}`);
      return waiting.length;
    },
    clearEnded: async (page) => {
      const ended = await uploads.unswept(endedMax);
      const cleared: OpId[] = [];
      const until = performance.now() + clearingMs;
      try {
        for (const { opId, objectKey } of ended) {
          // What is left is met again by the next sweep: a slow store holds up nothing else.
          if (performance.now() > until) break;
          const keys = await keysOf(store, opId);
          const orphans = await uploads.orphans(objectKey === null ? keys : [...keys, objectKey]);
          await store.remove(orphans);
          cleared.push(opId);
        }
      } catch (error) {
        onTrouble({ reason: 'objects of uploads that have ended are there still', error });
      }
      await uploads.swept(cleared);
      return { next: cleared.length < endedMax ? null : page + 1 };
    },
    clearOrphans: async (after) => {
      const before = Date.now() - orphanedMs;
      const prefix = objectPrefixes.find((one) => after === null || after < `${one}${last}`);
      try {
        if (prefix === undefined) {
          await store.abandon(Date.now() - unfinishedMs);
          return { next: null };
        }
        const from = after?.startsWith(prefix) === true ? after : undefined;
        const { objects, next } = await store.list(prefix, from);
        const old = objects.filter(({ modifiedAt }) => modifiedAt < before);
        await store.remove(await uploads.orphans(old.map(({ key }) => key)));
        return { next: next ?? `${prefix}${last}` };
      } catch (error) {
        onTrouble({ reason: 'the objects that nobody refers to are there still', error });
        return { next: after };
      }
    },
  };
}

/** All that lies under an upload. */
async function keysOf(store: ObjectStore, opId: OpId): Promise<readonly string[]> {
  const keys: string[] = [];
  for (const prefix of prefixesOf(opId)) {
    let after: string | undefined;
    do {
      const page = await store.list(prefix, after);
      keys.push(...page.objects.map(({ key }) => key));
      after = page.next;
    } while (after !== undefined);
  }
  return keys;
}
