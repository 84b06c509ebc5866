import { expect, test } from 'vitest';
import { askAgainMs, deferredMsMax } from '../../src/domain/index.js';

const [second, minute, hour] = [1_000, 60_000, 3_600_000];
const opIds = Array.from({ length: 200 }, (_, n) => `op_${n}`);

test.each([
  ['just now', 0, 60 * second, 60 * second],
  ['for ten minutes', 10 * minute, 60 * second, 60 * second],
  ['for forty minutes', 40 * minute, 60 * second, 2 * minute],
  ['for a day', 24 * hour, 60 * second, 3 * minute],
  ['while the breaker asks for more', 24 * hour, hour, hour],
])('asks again after its part more than it must, deferred %s', (_, waited, retryAfter, least) => {
  const waits = opIds.map((opId) => askAgainMs(opId, waited, retryAfter));

  expect(Math.min(...waits)).toBeGreaterThanOrEqual(least);
  expect(Math.max(...waits)).toBeLessThan(least * 1.25);
  // Spread over all of it, and the same each time.
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(least * 0.2);
  expect(opIds.map((opId) => askAgainMs(opId, waited, retryAfter))).toEqual(waits);
});

test.each([second, 60 * second])(
  'asks some hundred times in a day, each time put off by %i ms',
  (retryAfter) => {
    let [asked, waited] = [0, 0];
    while (waited < deferredMsMax) {
      waited += askAgainMs('op_0', waited, retryAfter);
      asked += 1;
    }

    expect(asked).toBeLessThan(800);
  },
);
