import { afterAll, expect, test } from 'vitest';
import { aDatabase, type TestDatabase } from '../support/database.js';
import { found } from './find.js';
import { lanesAtOnce } from './lane.js';
import { mutants } from './mutants.js';
import { buildProduct, replacedOnce } from './product.js';
import type { Played } from './seed.js';
import { simulate } from './simulate.js';

const open: TestDatabase[] = [];
const databases = async (seeds: number) => {
  const lanes = await lanesAtOnce(() => aDatabase(), seeds);
  open.push(...lanes);
  return lanes;
};
afterAll(() => Promise.all(open.map((database) => database.drop())));

const seeds = 2_000;
const patient = { timeout: 600_000 };

test('books, provider and people agree after whatever a seed brings', patient, async () => {
  const product = await buildProduct();

  const { wrong, ...sums } = await simulate({
    ...{ product, databases: await databases(seeds), from: 1, count: seeds },
  });

  expect(wrong).toEqual([]);
  expect(sums).toMatchObject({ seeds });
  expect(sums.operations).toBeGreaterThan(5 * seeds);
});

test('the same seed is played the same, whatever was played before', async () => {
  const product = await buildProduct();
  const traceOf = async (from: number, count: number) => {
    const all: Played[] = [];
    const onPlayed = (played: Played) => void all.push(played);
    await simulate({ product, databases: await databases(1), from, count, onPlayed });
    return all.find(({ seed }) => seed === 12)?.trace;
  };

  expect(await traceOf(12, 1)).toEqual(await traceOf(9, 4));
});

/** One of each kind: the command plants all of them. */
const sample = [
  'hold-again-asks-under-the-first-key',
  'settle-pays-the-payer',
  'release-gives-too-little-back',
  'another-key-in-doubt',
  'lost-workflows-stay-lost',
];

test.each(mutants.filter(({ name }) => sample.includes(name)))(
  'the planted bug $name is found',
  patient,
  async (mutant) => {
    const wrong = await found(mutant, await databases(seeds), seeds);

    expect(wrong?.what.length).toBeGreaterThan(0);
  },
);

test('25 bugs and more can be planted, and only where their text is found once', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(25);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
  expect(() => replacedOnce('a b a', 'a', 'c')).toThrow('2 times');
  expect(() => replacedOnce('a b a', 'd', 'c')).toThrow('0 times');
});
