import { nanoid } from 'nanoid';
import { afterAll, beforeAll, onTestFinished } from 'vitest';
import type { Database } from '../../src/database/index.js';
import {
  type BreakerProfile,
  breakerProfiles,
  shareOf,
  type BreakerStore,
} from '../../src/domain/index.js';
import { createBreakerStore } from '../../src/ledger/index.js';
import { type BreakerNotice, createBreaker } from '../../src/providers/breaker.js';
import { aDatabase, type TestDatabase } from './database.js';

/**
 * Breakers of many workers over one database, whose clock and theirs are moved by hand. Made before
 * the first test of a file and gone after its last.
 */
export function breakersByHand() {
  let made: TestDatabase | undefined;
  let nowMs = 1_800_000_000_000;
  beforeAll(async () => {
    made = await aDatabase();
    await made.owner.unsafe(`create table public.hand (ms bigint);
      insert into public.hand values (${nowMs});
      create or replace function ledger.clock() returns timestamptz language sql volatile as
        $$ select to_timestamp(ms / 1000.0) from public.hand $$`);
  });
  afterAll(() => made?.drop());

  const test = () => {
    if (made === undefined) throw new Error('the database is made before the first test');
    return made;
  };

  return {
    test,
    now: () => nowMs,
    /** Time goes by, in the database and in the workers. */
    async pass(ms: number): Promise<void> {
      nowMs += ms;
      await test().owner`update public.hand set ms = ${nowMs}`;
    },
    store: (): BreakerStore => createBreakerStore(test().database),
    /** A provider of one test, and who calls it. */
    aSharedProvider(profile: BreakerProfile = breakerProfiles.payments) {
      const provider = `provider-${nanoid(8)}`;
      return {
        provider,
        worker: (database: Database = test().database) =>
          aWorker(provider, profile, database, () => nowMs),
        /** What is written of it; undefined where nothing is. */
        async row() {
          const rows = await test().owner<{ epoch: number; state: { readonly mode: string } }[]>`
            select epoch, state from ledger.breaker where provider = ${provider}`;
          return rows[0];
        },
        async events(): Promise<readonly string[]> {
          const rows = await test().owner<{ type: string }[]>`
            select type from ledger.breaker_event where provider = ${provider} order by id`;
          return rows.map(({ type }) => type);
        },
      };
    },
  };
}

let workers = 0;

function aWorker(provider: string, profile: BreakerProfile, database: Database, now: () => number) {
  const statements: string[] = [];
  const call: Database['call'] = (verb, ...args) => {
    statements.push(verb);
    return database.call(verb, ...args);
  };
  // Its clock is not the database's, nor another worker's.
  workers += 1;
  const beganAtMs = 1_700_000_000_000 + workers * 10_000_000;
  const notices: BreakerNotice[] = [];
  const breaker = createBreaker({
    provider,
    profile,
    store: createBreakerStore({ ...database, call }),
    actor: 'worker',
    now: () => now() - beganAtMs,
    onEvent: (notice) => notices.push(notice),
  });
  // Nothing of a test goes on after it.
  onTestFinished(() => breaker.settled());
  return {
    ...breaker,
    breaker,
    /** The verbs that were called. */
    statements,
    notices,
    /** Reports one after the other, `F` or `S`, and waits until they are written. */
    tell: (outcomes: string) => {
      for (const outcome of Array.from(outcomes)) {
        breaker.report(outcome === 'F' ? 'failure' : 'ok', 1);
      }
      return breaker.settled();
    },
  };
}

/** A key whose share lies from `from` to below `to`. */
export function keyOfShare(from: number, to: number): string {
  for (let n = 0; n < 10_000; n += 1) {
    const key = `op_${n}`;
    if (shareOf(key) >= from && shareOf(key) < to) return key;
  }
  throw new RangeError(`no key of a share from ${from} to ${to}`);
}
