import { createHash } from 'node:crypto';
import type { Bend } from './bend.js';
import type { Book, View } from './book.js';
import type { Effect, LedgerEntry, LedgerFile } from './ledger.js';
import type { ProblemCode } from './problems.js';

/** One write as it was asked for. */
export interface AskedWrite {
  readonly key: string;
  readonly reference: string;
  /** All that the write says, its reference included: another under the same key is refused. */
  readonly order: object;
  readonly bend: Bend;
}

/** `code` is one of ours, or what a fault declines with. */
export interface Refused {
  readonly kind: 'refused';
  readonly code: ProblemCode | (string & {});
}

export interface Done<One extends Effect> {
  readonly kind: 'done';
  readonly effect: One;
  /** The key was known: this is what it did then. */
  readonly replayed: boolean;
}

/** The order of all writes: each is decided at once, and told when the disk has it. */
export interface Writes {
  /**
   * Does it once per key. `decide` gives the effect or why there is none; nothing is kept of a
   * refusal, so its key is free.
   */
  write<One extends Effect>(
    asked: AskedWrite,
    decide: () => One | Refused,
  ): Promise<Done<One> | Refused>;
  /** Closes the reference for good and gives what stands there. */
  fence(reference: string): Promise<View[]>;
}

interface Known {
  readonly fingerprint: string;
  readonly effect: Effect;
  readonly recorded: Promise<void>;
}

/** Writes that go on where the entries end; the book is filled with what they tell of. */
export function createWrites(deps: {
  readonly entries: readonly LedgerEntry[];
  readonly ledger: LedgerFile;
  readonly book: Book;
  readonly now: () => number;
  /** Hears of every new effect, once it is on the disk. */
  readonly onEffect: (effect: Effect, bend: Bend) => void;
}): Writes {
  const { entries, ledger, book, now, onEffect } = deps;
  const byKey = new Map<string, Known>();
  const fences = new Map<string, Promise<void>>();

  for (const entry of entries) {
    if (entry.type === 'clock') continue;
    if (entry.type === 'fence') fences.set(entry.reference, Promise.resolve());
    else {
      const { key, fingerprint, ...effect } = entry;
      book.add(effect);
      book.written(effect);
      if (key !== undefined) byKey.set(key, { fingerprint, effect, recorded: Promise.resolve() });
    }
  }

  async function record(entry: LedgerEntry & Effect, effect: Effect, bend: Bend): Promise<void> {
    await ledger.append(entry);
    book.written(effect);
    onEffect(effect, bend);
  }

  return {
    async write<One extends Effect>(asked: AskedWrite, decide: () => One | Refused) {
      const { key, reference, order, bend } = asked;
      const fingerprint = fingerprintOf(order);
      const known = bend.forgetsKey ? undefined : byKey.get(key);
      if (known !== undefined) {
        if (known.fingerprint !== fingerprint) return refused('idempotency-key-reused');
        // Before the fence: what stands is told, for "fenced" would say that nothing does.
        await known.recorded;
        return { kind: 'done', effect: known.effect as One, replayed: true } as const;
      }
      // From here to `add` nothing waits: a fence comes before all of it or after all of it.
      if (fences.has(reference)) return refused('reference-fenced');
      const effect = decide();
      if ('kind' in effect) return effect;
      book.add(effect);
      const kept = bend.forgetsKey ? {} : { key };
      const recorded = record({ ...effect, ...kept, fingerprint }, effect, bend);
      if (!bend.forgetsKey) byKey.set(key, { fingerprint, effect, recorded });
      await recorded;
      return { kind: 'done', effect, replayed: false } as const;
    },

    async fence(reference) {
      let fenced = fences.get(reference);
      if (fenced === undefined) {
        // The file keeps the order of its appends: what stood before is on the disk before it.
        fenced = ledger.append({ type: 'fence', reference, fencedAt: now() });
        fences.set(reference, fenced);
      }
      await fenced;
      return book.standing(reference, now());
    },
  };
}

/** A refusal with this code. */
export function refused(code: Refused['code']): Refused {
  return { kind: 'refused', code };
}

function fingerprintOf(order: object): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(order)))
    .digest('hex');
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, inner]) => [name, sorted(inner)] as const);
  return fields.sort(([a], [b]) => (a < b ? -1 : 1));
}
