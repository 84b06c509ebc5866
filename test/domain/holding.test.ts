import { expect, test } from 'vitest';
import { type Holding, judgeCapture } from '../../src/domain/index.js';

const multiple: Holding = {
  ...{ captures: 'multiple', authorised: 100, captured: 0, promised: 0, closing: false },
  tolerancePercent: 15,
};
const manual: Holding = { ...multiple, captures: 'manual' };
const took = (minor: number, final: boolean) => ({ kind: 'accepted', minor, final });
const no = (code: string) => ({ kind: 'refused', code });

test.each<[string, Holding, { amount?: number; final?: boolean }, object]>([
  ['all of a hold, when no amount is named', manual, {}, took(100, true)],
  ['part of a hold of one capture, which ends with it', manual, { amount: 40 }, took(40, true)],
  ['part of a hold of several', multiple, { amount: 40 }, took(40, false)],
  ['part, as the last one', multiple, { amount: 40, final: true }, took(40, true)],
  ['the last of it', { ...multiple, captured: 60 }, { amount: 40 }, took(40, true)],
  [
    'what others were not promised',
    { ...multiple, captured: 10, promised: 50 },
    {},
    took(40, true),
  ],
  ['as much more as the tolerance', manual, { amount: 115 }, took(115, true)],
  ['more than the tolerance', manual, { amount: 116 }, no('capture-exceeds-hold')],
  [
    'more than the tolerance in parts',
    { ...multiple, captured: 60, promised: 30 },
    { amount: 26 },
    no('capture-exceeds-hold'),
  ],
  ['nothing', multiple, { amount: 0 }, no('capture-exceeds-hold')],
  ['less than nothing', multiple, { amount: -1 }, no('capture-exceeds-hold')],
  ['what is closing', { ...multiple, closing: true }, { amount: 1 }, no('invalid-state')],
  ['all that is left, of nothing', { ...multiple, captured: 100 }, {}, no('capture-exceeds-hold')],
])('a capture takes %s', (_, holding, asked, judged) => {
  expect(judgeCapture(holding, asked)).toEqual(judged);
});

test('a tolerance is cut down to whole minor units', () => {
  const holding = { ...manual, authorised: 33 };

  expect(judgeCapture(holding, { amount: 37 })).toEqual(took(37, true));
  expect(judgeCapture(holding, { amount: 38 })).toEqual(no('capture-exceeds-hold'));
});
