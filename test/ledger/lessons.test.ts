import { expect, test } from 'vitest';
import { captureOf } from '../support/envelopes.js';
import { wordOf } from './word-of.js';
import { aWorld } from './world.js';

// What other ledgers learned the hard way. Those of several captures are in capture.test.ts, and
// that of a timer that was lost is in test/reconciler/sweep.test.ts.
const here = aWorld();

test('blnk #181: what is held already counts against the next hold', async () => {
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 5_000 });

  const words: string[] = [];
  for (let n = 0; n < 6; n += 1) {
    const envelope = tenant.payment({ account: 'alice', amount: 1_000 });
    words.push(wordOf(await here.world.ledger.hold(envelope)));
  }

  expect(words).toEqual([...Array<string>(5).fill('held'), 'insufficient-funds']);
  expect(await tenant.balance('alice')).toEqual({ posted: 5_000, held: 5_000, available: 0 });
  expect(await tenant.violations()).toEqual([]);
});

test('blnk #182: a hold that was refused cannot be settled', async () => {
  const { ledger } = here.world;
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 5 });
  const envelope = tenant.payment({ account: 'alice', amount: 10 });
  const refused = wordOf(await ledger.hold(envelope));
  await ledger.fund(tenant.funding({ account: 'alice', amount: 100 }));

  const settled = wordOf(await ledger.settle(envelope.opId, captureOf(envelope)));

  expect([refused, settled]).toEqual(['insufficient-funds', 'hold-missing']);
  expect(wordOf(await ledger.hold(envelope))).toBe('insufficient-funds');
  expect(await tenant.balance('alice')).toEqual({ posted: 105, held: 0, available: 105 });
  expect(await tenant.violations()).toEqual([]);
});

test('midaz #1519: one hold that many settle at once moves its money once', async () => {
  const { ledger } = here.world;
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 100 });
  const envelope = await tenant.held({ account: 'alice', amount: 10 });

  const answers = await Promise.all(
    Array.from({ length: 16 }, () => ledger.settle(envelope.opId, captureOf(envelope))),
  );

  expect(answers.filter((answer) => wordOf(answer) === 'settled')).toHaveLength(16);
  expect(answers.filter((answer) => !('replayed' in answer))).toHaveLength(1);
  expect(await tenant.balance('alice')).toEqual({ posted: 90, held: 0, available: 90 });
  expect(await tenant.violations()).toEqual([]);
});
