const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** A ladder has at most this many rungs; after the last one a person decides. */
export const ladderRungsMax = 20;

/**
 * How long to wait before each time we ask the provider again, in milliseconds: 3.4 days in all.
 */
export const defaultLadderMs: readonly number[] = [
  ...[1, 2, 4, 8, 15, 30].map((seconds) => seconds * second),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * minute),
  ...[1, 2, 4, 6, 8, 12, 24, 24].map((hours) => hours * hour),
];

/**
 * The wait before rung `rung` (from 0), never shorter than the provider asked; undefined past the
 * end.
 */
export function nextRungMs(
  ladderMs: readonly number[],
  rung: number,
  askedMs: number,
): number | undefined {
  const waitMs = rung < ladderRungsMax ? ladderMs[rung] : undefined;
  return waitMs === undefined ? undefined : Math.max(waitMs, askedMs);
}
