import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccountId, OpId } from '../../src/domain/index.js';
import { aSweep, sweptOnce } from '../support/a-sweep.js';
import { swept } from '../support/rounds.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { booksOf, hurried, isHeld, plenty, takenBy } from './running-races.js';

const found: { readonly opId: OpId }[] = [];
let world: RunningWorld;
let account: AccountId;
beforeAll(async () => {
  world = await aRunningWorld(hurried);
  await world.work({ sweep: aSweep(world, found) });
  account = await world.account(plenty);
});
afterAll(() => world.close());

test('constant-sweep: operations end as ever while the reconciler never rests', async (context) => {
  const asked = { books: booksOf(world), atOnce: 8 };
  const before = (await world.available(account)) ?? 0;
  let [spent, going, times] = [0, true, 0];
  const sweeping = (async () => {
    for (; going; times += 1) await sweptOnce(world);
  })();

  const done = swept(context, 'constant-sweep', asked, async (draw, n) => {
    const amount = 1_00 + n;
    const isHold = draw.one([true, false]);
    const fault = draw.one(['timeout-after', 'reset-after', 'reset-before', 'slow'] as const);
    const match = { method: 'POST', path: '/charges', amount } as const;
    await world.fault({ fault, times: 1, delayMs: draw.whole(0, 250), match });
    const opId = await world.pay({ account, amount, capture: isHold ? 'manual' : 'automatic' });
    const ending = draw.one(['capture', 'cancel'] as const);
    if (isHold) await endHold(opId, ending);
    const taken = await takenBy(world, opId);
    spent += taken;

    expect(taken).toBe(isHold && ending === 'cancel' ? 0 : amount);
  });
  const { violations } = await done.finally(() => {
    going = false;
  });
  await sweeping;

  expect(times).toBeGreaterThan(0);
  expect(violations).toEqual([]);
  expect(await world.available(account)).toBe(before - spent);
});

/** While it is held its workflow lives, and a whole sweep finds nothing to do about it. */
async function endHold(opId: OpId, ending: 'capture' | 'cancel'): Promise<void> {
  await isHeld(world, opId);
  await sweptOnce(world);
  expect(found.filter((finding) => finding.opId === opId)).toEqual([]);
  const { client } = world;
  const wish = ending === 'capture' ? client.capture(opId, {}, nanoid()) : client.withdraw(opId);
  expect(await wish).toEqual({ kind: 'accepted' });
}
