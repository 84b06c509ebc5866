import { expect, test } from 'vitest';
import { seed } from '../support/rounds.js';
import { soak } from './soak.js';
import { reportOf } from './soak-report.js';

const names = ['worker-killed', 'backends-all', 'answers-lost'] as const;

test('a short soak under three kinds of faults ends whole', async () => {
  const violations: string[] = [];

  const soaked = await soak({
    ...{ seed, names, everyMs: 6_000, perSecond: 4 },
    interrupted: new AbortController().signal,
    onProgress: () => undefined,
    onViolation: (what) => violations.push(what),
  });
  const { faults, availability, looks, ended } = reportOf(soaked);

  expect(violations).toEqual([]);
  expect(faults.map(({ name }) => name).sort()).toEqual([...names].sort());
  for (const { recovery, rounds } of faults) expect(recovery.count).toBe(rounds);
  expect(looks.looks).toBeGreaterThan(1);
  expect(availability.acceptedInTheEnd).toBe(availability.starts - availability.refused);
  expect(ended).toBe(new Set(soaked.operations.map(({ opId }) => opId)).size);
}, 300_000);
