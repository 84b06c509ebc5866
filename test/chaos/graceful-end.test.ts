import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { audit } from '../../src/main/demo-audit.js';
import { accounts, openAccounts } from '../../src/main/demo-scenes.js';
import { eventually } from '../support/eventually.js';
import { booksOf } from '../support/books-of.js';
import { slowSweepTimeoutMs, swept } from '../support/rounds.js';
import { aStack, payUntilAccepted, type TestStack } from '../support/stack.js';

const victims = ['gateway', 'worker', 'relay', 'sandbox'] as const;
const count = 6;
const last = new Map<string, object>();
let running: TestStack;

beforeAll(async () => {
  running = await aStack({
    environment: {
      LOG_LEVEL: 'info',
      // Patient: what is too late here is late by a signal, and not by the machine.
      PROVIDER_TIMEOUT_MS: '10000',
      BREAKER_FAILURES: '1000',
      DOUBT_LADDER: '250ms,500ms,1s,1s,2s,5s,10s,30s',
    },
    // An event of the relay is a line too.
    onLine: (name, line) => {
      if (line.includes('"level"')) last.set(name, JSON.parse(line) as object);
    },
  });
  await openAccounts(running.world);
}, 180_000);
afterAll(() => running.stop(), 60_000);

test(
  'graceful-end: a process that is told to stop ends what it has begun',
  async (context) => {
    const { world, stack } = running;
    const books = booksOf(running);

    const { violations } = await swept(context, 'graceful-end', { books }, async (draw, n) => {
      const victim = victims[n % victims.length] ?? 'worker';
      const signal = draw.one(['SIGTERM', 'SIGINT'] as const);
      const amount = 1_00 + n;
      const payment = { account: accounts.payer, amount };
      const match = { amount, method: 'POST' } as const;
      await world.fault({ fault: 'slow', delayMs: draw.whole(0, 700), match });

      const payments = Array.from({ length: count }, () => payUntilAccepted(world, payment));
      await eventually(async () => expect((await world.struck())[0]).toBeGreaterThan(0));
      await pause(draw.whole(0, 300));
      const code = await stack[victim].stop(signal);
      const said = last.get(victim);
      await stack[victim].start();
      const opIds = await Promise.all(payments);
      const operations = await Promise.all(opIds.map((opId) => world.atRest(opId)));

      expect([victim, code, said]).toMatchObject([
        victim,
        0,
        { message: 'stopped', signal, drained: expect.any(Number), interrupted: 0 },
      ]);
      expect(operations.map(({ state }) => state)).toEqual(Array(count).fill('COMPLETED'));
      const charges = (await world.charges()).filter((charge) => charge.amount === amount);
      expect(charges).toHaveLength(count);
      // The provider alone loses calls, and forgets its faults, when it is stopped.
      if (victim !== 'sandbox') expect(await world.struck()).toEqual([count]);
      await world.heal(amount);
    });

    expect(violations).toEqual([]);
    const { checks } = await audit(world, []);
    expect(checks.filter(({ holds }) => !holds)).toEqual([]);
  },
  slowSweepTimeoutMs,
);
