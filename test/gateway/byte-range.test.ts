import { expect, test } from 'vitest';
import { rangeOf } from '../../src/gateway/byte-range.js';

test.each([
  [undefined, undefined],
  ['bytes=0-4', { from: 0, to: 4 }],
  ['bytes=5-', { from: 5, to: 9 }],
  ['bytes=-3', { from: 7, to: 9 }],
  ['bytes=-30', { from: 0, to: 9 }],
  ['bytes=8-30', { from: 8, to: 9 }],
  ['bytes=10-', 'none'],
  ['bytes=-0', 'none'],
  ['bytes=4-3', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,3-4', undefined],
  ['lines=0-1', undefined],
  ['bytes=a-b', undefined],
])('of ten bytes %s is %j', (header, range) => {
  expect(rangeOf(header, 10)).toEqual(range);
});
