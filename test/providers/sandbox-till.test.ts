import { expect, test } from 'vitest';
import { createTill } from '../../src/providers/sandbox/till.js';

const order = {
  reference: 'op_one:charge.1:1',
  amount: 12_50,
  currency: 'USD',
  capture: true,
} as const;
const settings = { visibilityDelayMs: 0, holdMs: 1_000 };

test('tells nobody of a charge before the disk has it', async () => {
  let written = () => {};
  const disk = new Promise<void>((resolve) => {
    written = resolve;
  });
  const till = createTill([], { append: () => disk, close: async () => {} }, settings);
  let answered = 0;
  const calls = [1, 2].map(() =>
    till.charge(order, order.reference, {}).then(() => {
      answered += 1;
    }),
  );

  await new Promise(setImmediate);
  expect(till.byReference('charges', 'op_one')).toEqual([]);
  expect(answered).toBe(0);

  written();
  await Promise.all(calls);
  expect(till.byReference('charges', 'op_one')).toHaveLength(1);
});

test('tells nobody of a charge that the disk refused', async () => {
  const full = () => Promise.reject(new Error('disk full'));
  const till = createTill([], { append: full, close: async () => {} }, settings);

  await expect(till.charge(order, order.reference, {})).rejects.toThrow('disk full');
  await expect(till.charge(order, order.reference, {})).rejects.toThrow('disk full');

  expect(till.since({ changedAt: 0, index: 0 }).data).toEqual([]);
});
