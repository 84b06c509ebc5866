import { describe, expect, test } from 'vitest';
import { defaultLadderMs, ladderRungsMax, nextRungMs } from '../../src/domain/index.js';

const hourMs = 3_600_000;

describe('the ladder of doubt', () => {
  test('has at most 20 rungs', () => {
    expect(ladderRungsMax).toBe(20);
    expect(defaultLadderMs.length).toBeLessThanOrEqual(ladderRungsMax);
  });

  test('rises from seconds to hours and never falls', () => {
    expect(defaultLadderMs[0]).toBeLessThanOrEqual(2_000);
    expect(defaultLadderMs.at(-1)).toBeGreaterThanOrEqual(hourMs);
    expect(defaultLadderMs).toEqual([...defaultLadderMs].sort((a, b) => a - b));
  });

  test('takes 3.4 days in all', () => {
    const days = defaultLadderMs.reduce((sum, waitMs) => sum + waitMs, 0) / (24 * hourMs);

    expect(days).toBeCloseTo(3.4, 1);
  });
});

describe('nextRungMs', () => {
  const ladderMs = [1_000, 5_000, 60_000];

  test.each<[number, number, number | undefined]>([
    [0, 0, 1_000],
    [1, 0, 5_000],
    [2, 0, 60_000],
    [3, 0, undefined],
    [0, 30_000, 30_000],
    [2, 30_000, 60_000],
    [3, 30_000, undefined],
  ])('waits at rung %i, asked for %i ms, %s ms', (rung, askedMs, expected) => {
    expect(nextRungMs(ladderMs, rung, askedMs)).toBe(expected);
  });

  test('ends after 20 rungs however long the ladder is', () => {
    const endlessMs = Array.from({ length: 100 }, () => 1_000);

    expect(nextRungMs(endlessMs, 19, 0)).toBe(1_000);
    expect(nextRungMs(endlessMs, 20, 0)).toBeUndefined();
  });
});
