import { expect, test } from 'vitest';
import { createCharges } from '../../src/providers/sandbox/charges.js';

test('tells nobody of a charge before the disk has it', async () => {
  let written = () => {};
  const disk = new Promise<void>((resolve) => {
    written = resolve;
  });
  const charges = createCharges([], { append: () => disk, close: async () => {} }, 0);
  const order = { reference: 'op_one:charge.1:1', amount: 12_50, currency: 'USD' } as const;
  let answered = 0;
  const calls = [1, 2].map(() =>
    charges.charge(order, order.reference, {}).then(() => {
      answered += 1;
    }),
  );

  await new Promise(setImmediate);
  expect(charges.byReference('op_one')).toEqual([]);
  expect(answered).toBe(0);

  written();
  await Promise.all(calls);
  expect(charges.byReference('op_one')).toHaveLength(1);
});

test('tells nobody of a charge that the disk refused', async () => {
  const full = () => Promise.reject(new Error('disk full'));
  const charges = createCharges([], { append: full, close: async () => {} }, 0);
  const order = { reference: 'op_one:charge.1:1', amount: 12_50, currency: 'USD' } as const;

  await expect(charges.charge(order, order.reference, {})).rejects.toThrow('disk full');
  await expect(charges.charge(order, order.reference, {})).rejects.toThrow('disk full');

  expect(charges.since({ changedAt: 0, index: 0 }).data).toEqual([]);
});
