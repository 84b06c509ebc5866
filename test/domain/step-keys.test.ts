import { expect, test } from 'vitest';
import { type Attempt, nextKey } from '../../src/domain/index.js';

const hour = 3_600_000;
const lifetime = 24 * hour;

// The first column names what went wrong elsewhere with another rule.
test.each<[string, Attempt | undefined, number, ReturnType<typeof nextKey>]>([
  ['a step that was never sent', undefined, 0, { kind: 'send', n: 1 }],
  [
    // medusajs/medusa #16292: the repeated capture carried a new key, and captured twice.
    'a capture whose answer did not come in time',
    { n: 1, sentAt: 0, outcome: 'unknown' },
    hour,
    { kind: 'send', n: 1 },
  ],
  [
    // medusajs/medusa #16681: the same with a refund, on its second attempt.
    'a refund whose answer did not come in time',
    { n: 2, sentAt: 0, outcome: 'unknown' },
    hour,
    { kind: 'send', n: 2 },
  ],
  [
    // medusajs/medusa #16390: a key kept for ever repeats the stored error after the repair.
    'a capture whose refusal the provider keeps, once it can go well',
    { n: 1, sentAt: 0, outcome: 'rejected' },
    hour,
    { kind: 'send', n: 2 },
  ],
  [
    'a rate limit, which keeps nothing under the key',
    { n: 1, sentAt: 0, outcome: 'nothing' },
    hour,
    { kind: 'send', n: 1 },
  ],
  [
    'a doubt in the last moment of its key',
    { n: 1, sentAt: 0, outcome: 'unknown' },
    lifetime - 1,
    { kind: 'send', n: 1 },
  ],
  [
    'a doubt whose key the provider has forgotten',
    { n: 1, sentAt: 0, outcome: 'unknown' },
    lifetime,
    { kind: 'look' },
  ],
  ['a step that was done', { n: 1, sentAt: 0, outcome: 'ended' }, hour, { kind: 'none' }],
  ['the fifth refusal', { n: 5, sentAt: 0, outcome: 'rejected' }, hour, { kind: 'none' }],
])('%s is asked under the right key', (_, last, now, next) => {
  expect(nextKey(last, lifetime, now)).toEqual(next);
});
