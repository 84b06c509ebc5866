import { createHash } from 'node:crypto';
import type { TestContext } from 'vitest';
import { type SweepName, sweeps } from '../chaos/sweeps.js';
import { chaosVariables } from './chaos-variables.js';

/** What a sweep did and found; travels to the chaos command with the result of its test. */
export interface Swept {
  readonly fault: SweepName;
  readonly rounds: number;
  /** Operations that the ledger has of it. */
  readonly operations: number;
  /** Rules of the ledger that do not hold after it. */
  readonly violations: readonly string[];
  /** What else was seen, in words. */
  readonly note?: string;
}

declare module 'vitest' {
  interface TaskMeta {
    swept?: Swept;
  }
}

const { [chaosVariables.sweepMs]: sweepMs, [chaosVariables.rounds]: wanted } = process.env;

/** What every draw of this run follows from. */
export const seed = Number(process.env[chaosVariables.seed] ?? 20_261);

/** Longest that a sweep may take whose rounds start processes. */
export const slowSweepTimeoutMs = sweepMs === undefined ? 300_000 : 24 * 3_600_000;

/** How often, and how long at most, a sweep may go on in this run. */
export function planOf(fault: SweepName): { readonly rounds: number; readonly untilMs: number } {
  const { few, full } = sweeps[fault];
  return sweepMs === undefined
    ? { rounds: few, untilMs: Number.POSITIVE_INFINITY }
    : { rounds: Number(wanted ?? full), untilMs: performance.now() + Number(sweepMs) };
}

/** How to see the same again. */
export function again(fault: SweepName): string {
  return `seed ${seed}; the same again: npm run chaos -- --fault ${fault} --seed ${seed}`;
}

/** Chance that is the same for the same seed, sweep and round. */
export interface Draw {
  /** A whole number, both ends included. */
  whole(min: number, max: number): number;
  one<T>(of: readonly T[]): T;
}

/** The rows of a sweep, for who counts and judges them. */
export interface Books {
  /** Takes away what the rounds before left, once all of them have ended. */
  readonly tidy?: () => Promise<void>;
  readonly tenant: string;
  rows(query: string, ...values: readonly string[]): PromiseLike<readonly object[]>;
}

/**
 * Runs the rounds of a sweep, some at once, until their count or their time is up, and gives what
 * the ledger then says of them. A round that throws ends it, with the way to see it again.
 */
export async function swept(
  { task }: Pick<TestContext, 'task'>,
  fault: SweepName,
  { books, atOnce = 1 }: { readonly books: Books; readonly atOnce?: number },
  round: (draw: Draw, n: number) => Promise<void>,
): Promise<Swept> {
  const { rounds: most, untilMs } = planOf(fault);
  let done = 0;
  try {
    do {
      await books.tidy?.();
      const batch = Array.from({ length: Math.min(atOnce, most - done) }, (_, n) => done + n);
      await Promise.all(batch.map((n) => repeatable(fault, n, round)));
      done += batch.length;
    } while (done < most && performance.now() < untilMs);
  } finally {
    task.meta.swept = await judged(fault, done, books);
  }
  return task.meta.swept;
}

// Of rules about time none is broken yet.
const violationsQuery = `
  select name, count(*)::int as count
    from ledger.violations_v1($1, null, null, null, interval '10 years') group by name`;

/** What the books say when it is over. */
export async function judged(fault: SweepName, rounds: number, books: Books): Promise<Swept> {
  const { tenant, rows } = books;
  // What is fresh and large is else joined row by row.
  if (rounds > 1) await rows('analyze');
  const counted = 'select count(*)::int as operations from ledger.operation where tenant = $1';
  const [row] = (await rows(counted, tenant)) as { operations: number }[];
  const broken = (await rows(violationsQuery, tenant)) as { name: string; count: number }[];
  const violations = broken.map(({ name, count }) => `${name}: ${count}`);
  return { fault, rounds, operations: row?.operations ?? 0, violations };
}

async function repeatable(
  fault: SweepName,
  n: number,
  round: (draw: Draw, n: number) => Promise<void>,
): Promise<void> {
  try {
    await round(drawOf(`${seed}:${fault}:${n}`), n);
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new Error(`${what}\nIn round ${n} of ${fault}, ${again(fault)}`, { cause: error });
  }
}

/** The same for the same name. */
export function drawOf(name: string): Draw {
  let drawn = 0;
  const next = () => {
    drawn += 1;
    return createHash('sha256').update(`${name}:${drawn}`).digest().readUInt32BE() / 2 ** 32;
  };
  const whole = (min: number, max: number) => min + Math.floor(next() * (max - min + 1));
  return { whole, one: (of) => of[whole(0, of.length - 1)] as never };
}
