import { cpus, release, totalmem, type } from 'node:os';

/** The value that the part `q` of them does not exceed; undefined of none. */
export function quantile(values: readonly number[], q: number): number | undefined {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)];
}

/** A value that was seen at a moment, of one of several lives. */
export interface Sample {
  readonly life: string;
  readonly atMs: number;
  readonly value: number;
}

/**
 * How much the value grows in a minute, by least squares: one slope for all lives, and for each a
 * level of its own, because a process that is started again begins anew. What a life shows before
 * it is warm is left out; undefined where nothing is left.
 */
export function slopePerMinute(samples: readonly Sample[], warmUpMs: number): number | undefined {
  const lives = grouped(samples, ({ life }) => life);
  let [products, squares] = [0, 0];
  for (const all of lives.values()) {
    const bornMs = Math.min(...all.map(({ atMs }) => atMs));
    const warm = all.filter(({ atMs }) => atMs - bornMs >= warmUpMs);
    const [at, level] = [mean(warm.map(({ atMs }) => atMs)), mean(warm.map(({ value }) => value))];
    for (const { atMs, value } of warm) {
      products += (atMs - at) * (value - level);
      squares += (atMs - at) ** 2;
    }
  }
  return squares === 0 ? undefined : (products / squares) * 60_000;
}

/** The items by their key, in their order. */
export function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

const columnsMax = 60;
const blocks = '▁▂▃▄▅▆▇█';

/** The values as a line of blocks, the highest of each column. */
export function sparkline(values: readonly number[]): string {
  const wide = Math.ceil(values.length / columnsMax) || 1;
  const columns = Array.from({ length: Math.ceil(values.length / wide) }, (_, n) =>
    mean(values.slice(n * wide, (n + 1) * wide)),
  );
  const most = Math.max(...columns, Number.MIN_VALUE);
  return columns
    .map((value) => blocks[Math.min(blocks.length - 1, Math.floor((value / most) * blocks.length))])
    .join('');
}

/** What it ran on, in words. */
export function machineWords(): string {
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`;
  return `Node ${process.versions.node}, ${type()} ${release()}, ${cpus().length} cores, ${memory}`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
