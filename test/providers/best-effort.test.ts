import { describe, expect, test } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import { breakerProfiles } from '../../src/domain/index.js';
import { bestEffort } from '../../src/providers/best-effort.js';
import { breakersByHand } from '../support/breakers.js';

const here = breakersByHand();

describe('best effort', () => {
  test('gives the fall-back for each failure and, after the tenth, without a call', async () => {
    const worker = here.aSharedProvider(breakerProfiles.bestEffort).worker();
    const risk = bestEffort(worker.breaker, 'unrated', here.now);
    let calls = 0;
    const failing = () => {
      calls += 1;
      return Promise.reject(new Error('down'));
    };

    for (let n = 0; n < 12; n += 1) {
      expect(await risk(`key ${n}`, failing)).toBe('unrated');
      await worker.settled();
    }
    expect(calls).toBe(10);

    await here.pass(15_000 + 60_000);
    expect(await risk('key', () => Promise.resolve('low'))).toBe('low');
  });

  test('gives the fall-back without a call when the breaker cannot be read', async () => {
    const url = here.test().workerUrl;
    const gone = createDatabase({ url, poolMax: 1, applicationName: 'test-gone' });
    await gone.close(1_000);
    const worker = here.aSharedProvider(breakerProfiles.bestEffort).worker(gone);
    let calls = 0;

    const value = await bestEffort(
      worker.breaker,
      'unrated',
      here.now,
    )('key', () => {
      calls += 1;
      return Promise.resolve('low');
    });

    expect([value, calls]).toEqual(['unrated', 0]);
  });
});
