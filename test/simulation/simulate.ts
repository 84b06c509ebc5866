import type { TestDatabase } from '../support/database.js';
import { type Lane, openLane } from './lane.js';
import type { Product } from './product.js';
import { createPlayer, type Played } from './seed.js';

/** A seed that something was wrong with. */
export interface Wrong {
  readonly seed: number;
  readonly what: readonly string[];
}

export interface Simulated {
  readonly seeds: number;
  readonly operations: number;
  readonly steps: number;
  readonly wrong: readonly Wrong[];
}

export interface Asked {
  readonly product: Product;
  /** A lane each, at once. */
  readonly databases: readonly TestDatabase[];
  readonly from: number;
  readonly count: number;
  /** Ends with the first seed that something is wrong with. */
  readonly untilWrong?: boolean;
  readonly onPlayed?: (played: Played) => void;
}

/** How many seeds of a lane are looked at together. */
const batchMax = 50;

/** Plays seeds, and looks at each and at its books; of all, the same comes out in any order. */
export async function simulate(asked: Asked): Promise<Simulated> {
  const { product, databases, from, count, untilWrong = false } = asked;
  const sums = { seeds: 0, operations: 0, steps: 0 };
  const wrong: Wrong[] = [];
  let next = from;
  const isOver = () => next >= from + count || (untilWrong && wrong.length > 0);
  const batch = untilWrong ? 10 : batchMax;

  async function goThrough(lane: Lane): Promise<void> {
    const play = createPlayer(lane, product);
    while (!isOver()) {
      const seeds: number[] = [];
      const after = await lastEvent(lane);
      while (!isOver() && seeds.length < batch) {
        const seed = next;
        next += 1;
        seeds.push(seed);
        const played = await play(seed);
        asked.onPlayed?.(played);
        sums.seeds += 1;
        sums.operations += played.operations;
        sums.steps += played.trace.length;
        if (played.wrong.length > 0) wrong.push({ seed, what: played.wrong });
      }
      wrong.push(...(await broken(lane, seeds, after)));
    }
  }

  const lanes = await Promise.all(databases.map(openLane));
  try {
    await Promise.all(lanes.map(goThrough));
  } finally {
    await Promise.all(lanes.map((lane) => lane.close()));
  }
  return { ...sums, wrong: wrong.sort((a, b) => a.seed - b.seed) };
}

async function lastEvent({ owner }: Lane): Promise<number> {
  const [row] = await owner<{ last: number }[]>`
    select coalesce(max(id), 0) as last from ledger.outbox`;
  return row?.last ?? 0;
}

/** The seeds of which an invariant of the ledger does not hold. Of those about time none is. */
async function broken({ owner }: Lane, seeds: readonly number[], after: number): Promise<Wrong[]> {
  // What is fresh and large is else joined row by row.
  await owner`analyze`;
  const [any] = await owner`
    select from ledger.violations_v1(null, null, null, ${after}, interval '10 years') limit 1`;
  if (any === undefined) return [];
  const each = seeds.map(async (seed) => {
    const names = await owner<{ name: string }[]>`
      select distinct name
        from ledger.violations_v1(${`seed-${seed}`}, null, null, null, interval '10 years')
       order by name`;
    return { seed, what: names.map(({ name }) => name) };
  });
  return (await Promise.all(each)).filter(({ what }) => what.length > 0);
}
