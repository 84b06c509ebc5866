import type { BreakerRow, BreakerState, BreakerStore } from '../domain/index.js';

/** A row and when it was seen. */
export interface SeenBreaker {
  readonly row: BreakerRow;
  readonly seenAtMs: number;
  /** How far the store's clock is ahead of ours. */
  readonly aheadMs: number;
}

/** What was read is believed for so long, and asked for only when somebody needs it. */
const believedMs = 1_000;
const readTimeoutMs = 1_000;

/** What one worker knows of a row that others change: at most a second old, never asked in vain. */
export function createBreakerSight(
  store: BreakerStore,
  provider: string,
  now: () => number,
  onMode: (mode: BreakerState['mode']) => void,
) {
  let seen: SeenBreaker | undefined;
  let reading: Promise<SeenBreaker> | undefined;

  function saw(row: BreakerRow): SeenBreaker {
    // A read that was overtaken by a write knows less.
    if (seen === undefined || row.epoch >= seen.row.epoch) {
      const before = seen?.row.state.mode;
      if (row.state.mode !== before) onMode(row.state.mode);
      seen = { row, seenAtMs: now(), aheadMs: row.nowMs - now() };
    }
    return seen;
  }

  /** What is known, read when it is too old; all who ask meanwhile share one read. */
  function known(): Promise<SeenBreaker> {
    if (seen !== undefined && now() - seen.seenAtMs < believedMs) return Promise.resolve(seen);
    reading ??= store
      .read(provider)
      .then(saw)
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }

  return {
    saw,
    known,
    /** The same, or an error after a second. */
    soon: () => within(readTimeoutMs, known()),
  } as const;
}

async function within<Value>(timeoutMs: number, value: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}
