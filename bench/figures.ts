import { cpus, totalmem } from 'node:os';
import { textTable } from '../src/main/text-table.js';

/** What a benchmark found; one that is to be reached says so. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The lowest and highest of the slices whose median is the value. */
  readonly min?: number;
  readonly max?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
}

type Bounds = Pick<Figure, 'atLeast' | 'atMost'>;

/** One number, and what it has to reach. */
export function figure(name: string, value: number, unit: string, bounds: Bounds = {}): Figure {
  return { name, value: rounded(value), unit, ...bounds };
}

/** The median of one value per slice, with its spread. Throws RangeError for no slices. */
export function medianFigure(
  name: string,
  slices: readonly number[],
  unit: string,
  bounds: Bounds = {},
): Figure {
  const [min, max] = [Math.min(...slices), Math.max(...slices)].map(rounded) as [number, number];
  return { ...figure(name, quantile(slices, 0.5), unit, bounds), min, max };
}

/** The value that the part `q` (0 to 1) of them does not exceed, between two where it falls so. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) throw new RangeError('no values');
  return low + (high - low) * (at - Math.floor(at));
}

/** Whether it fell short of what it has to reach. */
export function misses({ value, atLeast = -Infinity, atMost = Infinity }: Figure): boolean {
  return value < atLeast || value > atMost;
}

/** What to say of a figure that fell short. */
export function missLine({ name, value, unit, atLeast, atMost }: Figure): string {
  const bound = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
  return `${name} is ${value} ${unit}: it has to be ${bound}.`;
}

/** The figures for people. */
export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map((one) => [
    one.name,
    `${one.value}`,
    one.unit,
    one.min === undefined ? '' : `${one.min} to ${one.max}`,
    one.atLeast === undefined && one.atMost === undefined ? '' : boundText(one),
  ]);
  return textTable(['figure', 'median', 'unit', 'slices', 'to reach'], rows, ['median']);
}

/** The machine that the figures are of. */
export function machine() {
  const [first] = cpus();
  return {
    ...{ node: process.version, platform: process.platform, arch: process.arch },
    ...{ cores: cpus().length, cpu: first?.model.trim() ?? '' },
    memoryGb: Math.round(totalmem() / 2 ** 30),
  };
}

function boundText(one: Figure): string {
  const bound = one.atLeast === undefined ? `<= ${one.atMost}` : `>= ${one.atLeast}`;
  return `${bound} ${misses(one) ? 'MISSED' : 'reached'}`;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
