import { afterAll, beforeAll, expect, test } from 'vitest';
import { audit } from '../../src/main/demo-audit.js';
import { accounts, openAccounts } from '../../src/main/demo-scenes.js';
import { eventually } from '../support/eventually.js';
import { aStack, payUntilAccepted, type TestStack } from '../support/stack.js';

const count = 12;
let running: TestStack;

beforeAll(async () => {
  running = await aStack();
  await openAccounts(running.world);
}, 180_000);
afterAll(() => running.stop(), 60_000);

test.each([
  ['gateway', 11_01],
  ['worker', 11_02],
  ['temporal', 11_03],
] as const)(
  'ends every payment with one charge when the %s is killed in the middle of it',
  async (victim, amount) => {
    const { world, stack } = running;
    await world.fault({ fault: 'slow', delayMs: 700, match: { amount, method: 'POST' } });
    const rule = (await world.struck()).length - 1;

    const payments = Array.from({ length: count }, () =>
      payUntilAccepted(world, { account: accounts.payer, amount }),
    );
    await eventually(async () => expect((await world.struck())[rule]).toBeGreaterThan(2));
    await stack[victim].kill();
    const open = count - (await chargesOf(amount));
    await stack[victim].start();
    const opIds = await Promise.all(payments);
    const operations = await Promise.all(opIds.map((opId) => world.atRest(opId)));

    expect(open).toBeGreaterThan(0);
    expect(operations.map(({ state }) => state)).toEqual(Array(count).fill('COMPLETED'));
    expect(await chargesOf(amount)).toBe(count);
    expect(new Set(opIds).size).toBe(count);
    const { checks } = await audit(world, []);
    expect(checks.filter(({ holds }) => !holds)).toEqual([]);
  },
  120_000,
);

async function chargesOf(amount: number): Promise<number> {
  return (await running.world.charges()).filter((charge) => charge.amount === amount).length;
}
