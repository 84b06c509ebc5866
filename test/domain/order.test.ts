import { expect, test } from 'vitest';
import { parseOrderCommand, quantityMax } from '../../src/domain/index.js';

const line = { sku: 'mug', quantity: 2 };
const parsed = (more: object) => {
  const body = { account: 'alice', amount: 45_00, currency: 'EUR', items: [line], ...more };
  return parseOrderCommand(body, 'key-of-an-order');
};
const faults = (more: object) => {
  const order = parsed(more);
  return order.ok ? [] : order.faults.map(({ path, code }) => `${path} ${code}`);
};

test('an order is read with its lines', () => {
  expect(parsed({ bizKey: 'cart-7', payTo: 'shop' })).toMatchObject({
    value: { bizKey: 'cart-7', payload: { payTo: 'shop', amount: 45_00, items: [line] } },
  });
});

test.each([
  ['no lines', { items: [] }, ['items field-invalid']],
  ['a line instead of lines', { items: line }, ['items field-invalid']],
  ['no items at all', { items: undefined }, ['items field-required']],
  ['too many lines', { items: Array.from({ length: 51 }, () => line) }, ['items field-invalid']],
  ['a line that is none', { items: [7] }, ['items.0 body-invalid']],
  [
    'faults in several lines, all of them told',
    { items: [{ ...line, quantity: 0 }, line, { sku: '', quantity: quantityMax + 1, gift: true }] },
    [
      'items.0.quantity field-invalid',
      'items.2.gift unknown-field',
      'items.2.sku text-invalid',
      'items.2.quantity field-invalid',
    ],
  ],
])('an order with %s is refused', (_, more, said) => {
  expect(faults(more)).toEqual(said);
});
