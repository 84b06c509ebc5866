import { expect, test } from 'vitest';
import { figure, figureTable, medianFigure, misses, quantile } from '../../bench/figures.js';
import { underLoad } from '../../bench/load.js';

test.each([
  { values: [3], q: 0.5, is: 3 },
  { values: [3, 1, 2], q: 0.5, is: 2 },
  { values: [4, 1, 3, 2], q: 0.5, is: 2.5 },
  { values: [1, 2, 3, 4, 5], q: 1, is: 5 },
  { values: [0, 100], q: 0.99, is: 99 },
])('takes $q of $values to be $is', ({ values, q, is }) => {
  expect(quantile(values, q)).toBe(is);
});

test.each([
  { value: 0.45, bounds: { atLeast: 0.45 }, missed: false },
  { value: 0.449, bounds: { atLeast: 0.45 }, missed: true },
  { value: 14, bounds: { atMost: 14 }, missed: false },
  { value: 15, bounds: { atMost: 14 }, missed: true },
  { value: 15, bounds: {}, missed: false },
])('judges $value against $bounds', ({ value, bounds, missed }) => {
  const one = figure('one', value, 'ratio', bounds);

  expect(misses(one)).toBe(missed);
  expect(figureTable([one]).includes('MISSED')).toBe(missed);
});

test('gives the median of the slices with their spread, to four digits', () => {
  expect(medianFigure('one', [0.5, 1 / 3, 2], 'ratio')).toEqual({
    ...{ name: 'one', unit: 'ratio', value: 0.5, min: 0.3333, max: 2 },
  });
});

test('keeps no more acts under way than asked for, and begins no more than the count', async () => {
  let underWay = 0;
  let most = 0;
  const { latenciesMs, perSecond } = await underLoad(
    { count: 10, inFlight: 3, atMostMs: 60_000 },
    async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      underWay -= 1;
    },
  );

  expect(most).toBe(3);
  expect(latenciesMs).toHaveLength(10);
  expect(perSecond).toBeGreaterThan(0);
});

test('begins nothing once the time is up', async () => {
  const load = { count: 10, inFlight: 2, atMostMs: 0 };

  const measured = await underLoad(load, () => Promise.reject(new Error('begun')));

  expect(measured).toEqual({ perSecond: 0, latenciesMs: [] });
});
