import type { ServerResponse } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import { money, shareOf } from '../../src/domain/index.js';
import { guarded } from '../../src/providers/guarded.js';
import type { PaymentProvider } from '../../src/providers/provider.js';
import { createSandboxProvider } from '../../src/providers/sandbox/index.js';
import { breakersByHand } from '../support/breakers.js';
import { aProvider } from './a-provider.js';

const here = breakersByHand();
const amount = money(12_50, 'EUR');
const chargeOf = (reference: string) => ({ step: 'charge', reference, amount }) as const;

type Reply = (response: ServerResponse, reference: string) => unknown;

const status =
  (code: number, body: object = {}): Reply =>
  (response) =>
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const charge =
  (facts: object): Reply =>
  (response, reference) =>
    status(201, { id: 'ch_1', reference, amount: 12_50, currency: 'EUR', ...facts })(response, '');
const captured = charge({ status: 'captured', capturedAmount: 12_50 });
const declined = charge({ status: 'declined', declineCode: 'do_not_honor' });

/** A provider that says what a test wants, the workers that call it, and the calls it saw. */
async function aWorld() {
  const world = { reply: captured, methods: [] as string[] };
  const { url } = await aProvider((request, response) => {
    world.methods.push(request.method ?? '');
    return world.reply(response, String(request.headers['idempotency-key'] ?? ''));
  });
  const shared = here.aSharedProvider();
  const outside = createSandboxProvider({ baseUrl: url, requestTimeoutMs: 20_000, ladderMs: [10] });
  let payments = 0;
  return Object.assign(world, {
    shared,
    outside,
    worker(provider: PaymentProvider = outside) {
      const worker = shared.worker();
      const behind = guarded(provider, worker.breaker, here.now);
      return {
        ...behind,
        /** One payment, and what was told of it is written. */
        async pay() {
          payments += 1;
          const answer = await behind.perform(chargeOf(`op_${payments}:charge.1:1`));
          await worker.settled();
          return answer;
        },
        settled: worker.settled,
        notices: worker.notices,
      };
    },
    async mode() {
      return (await shared.row())?.state.mode;
    },
  });
}

describe('a provider behind its breaker', () => {
  test('is not called once three calls failed, whichever worker made them', async () => {
    const world = await aWorld();
    const workers = [world.worker(), world.worker(), world.worker()];
    world.reply = status(503);
    for (const worker of workers) expect(await worker.pay()).toMatchObject({ kind: 'unknown' });
    await here.pass(1_000);

    const answers = await Promise.all(workers.map((worker) => worker.pay()));

    for (const answer of answers) {
      expect(answer).toMatchObject({ kind: 'retry', reason: 'breaker-open', attempt: 1 });
    }
    expect(world.methods).toHaveLength(3);
  });

  test('says how long until the payment may be made', async () => {
    const world = await aWorld();
    const worker = world.worker();
    world.reply = status(503);
    for (let n = 0; n < 3; n += 1) await worker.pay();

    const references = Array.from({ length: 30 }, (_, n) => `op_wait_${n}:charge.1:1`);
    for (const reference of references) {
      const share = shareOf(reference);
      const nextRetryAfterMs = share < 0.1 ? 60_000 : share < 0.5 ? 90_000 : 120_000;
      expect(await worker.perform(chargeOf(reference))).toMatchObject({ nextRetryAfterMs });
    }
  });

  test.each<[string, Reply]>([
    ['429', status(429)],
    ['500', status(500)],
    ['503', status(503)],
    ['a connection that breaks', (response) => response.destroy()],
    ['what is no charge', status(201)],
  ])('counts as a failure: %s', async (_, reply) => {
    const world = await aWorld();
    const worker = world.worker();
    world.reply = reply;

    for (let n = 0; n < 3; n += 1) await worker.pay();

    expect(await world.mode()).toBe('open');
  });

  test.each<[string, Reply]>([
    ['a capture', captured],
    ['a decline', declined],
    ['a pending charge', charge({ status: 'pending' })],
    ['another amount than asked', charge({ status: 'captured', amount: 1 })],
    ['a refusal', status(422, { code: 'card-expired' })],
  ])('counts as an answer, which starts the count anew: %s', async (_, reply) => {
    const world = await aWorld();
    const worker = world.worker();
    const bad = status(503);

    for (const next of [bad, bad, reply, bad, bad]) {
      world.reply = next;
      await worker.pay();
    }

    expect(await world.mode()).toBe('closed');
    expect(world.methods).toHaveLength(5);
  });

  test('counts no connection as a failure', async () => {
    const world = await aWorld();
    const nobody = createSandboxProvider({
      baseUrl: 'http://127.0.0.1:1',
      requestTimeoutMs: 2_000,
      fetch: () => Promise.reject(Object.assign(new Error('refused'), { syscall: 'connect' })),
    });
    const worker = world.worker(nobody);

    for (let n = 0; n < 3; n += 1) expect(await worker.pay()).toMatchObject({ kind: 'retry' });

    expect(await world.mode()).toBe('open');
  });

  test.each([
    [5_000, undefined],
    [5_001, 'open'],
  ])('that takes %i ms to answer well leaves its breaker %s', async (tookMs, mode) => {
    const world = await aWorld();
    const worker = world.worker();
    world.reply = async (response, reference) => {
      await here.pass(tookMs);
      captured(response, reference);
    };

    for (let n = 0; n < 3; n += 1) {
      const answer = await worker.pay();
      expect(answer).toMatchObject({ kind: 'ok', value: { kind: 'captured' } });
    }

    expect(await world.mode()).toBe(mode);
  });

  test('is asked about doubts and fenced while the breaker is open', async () => {
    const world = await aWorld();
    const fencing: PaymentProvider = {
      ...world.outside,
      profile: { ...world.outside.profile, fences: true },
      fence: world.outside.find as PaymentProvider['fence'],
    };
    const worker = world.worker(fencing);
    world.reply = status(503);
    for (let n = 0; n < 3; n += 1) await worker.pay();
    world.reply = status(200, { data: [] });

    const answers = [
      await worker.find(chargeOf('op_doubt:charge.1:1')),
      await worker.fence(chargeOf('op_doubt:charge.1:1')),
    ];

    expect(answers.map(({ kind }) => kind)).toEqual(['ok', 'ok']);
    expect(world.methods).toEqual(['POST', 'POST', 'POST', 'GET', 'GET']);
    await worker.settled();
    expect(await world.mode()).toBe('open');
  });

  test('opens the breaker by questions that fail', async () => {
    const world = await aWorld();
    const worker = world.worker();
    world.reply = status(500);

    for (let n = 0; n < 3; n += 1) await worker.find(chargeOf('op_doubt:charge.1:1'));
    await worker.settled();

    expect(await world.mode()).toBe('open');
  });

  test('that has no fences is not blamed for it', async () => {
    const world = await aWorld();
    const { outside } = world;
    const worker = world.worker({
      ...outside,
      profile: { ...outside.profile, fences: false },
      fence: () => Promise.resolve({ kind: 'unknown', reason: 'no-fences', askAgainAfterMs: 0 }),
    });

    for (let n = 0; n < 3; n += 1) {
      expect(await worker.fence(chargeOf('op_doubt:charge.1:1'))).toMatchObject({
        reason: 'no-fences',
      });
    }
    await worker.settled();

    expect(await world.mode()).toBeUndefined();
  });
});

describe('a provider that comes back', () => {
  test.each([
    ['a tenth', 60_000, 0.1],
    ['half', 90_000, 0.5],
    ['all', 120_000, 1],
  ])('gets %s of a stampede, and no call more', async (_, afterMs, share) => {
    const world = await aWorld();
    const workers = [world.worker(), world.worker()];
    world.reply = status(503);
    for (let n = 0; n < 3; n += 1) await workers[0]?.pay();
    world.reply = captured;
    world.methods = [];
    await here.pass(afterMs);
    const references = Array.from({ length: 200 }, (_unused, n) => `op_many_${n}:charge.1:1`);
    const probes = references.filter((reference) => shareOf(reference) < share);

    // Each worker is asked for every payment: who is not let out by one is let out by none.
    const answers = await Promise.all(
      references.flatMap((reference) =>
        workers.map((worker) => worker.perform(chargeOf(reference))),
      ),
    );

    expect(world.methods).toHaveLength(2 * probes.length);
    expect(answers.filter(({ kind }) => kind === 'ok')).toHaveLength(2 * probes.length);
    expect(answers.filter(({ kind }) => kind === 'retry')).toHaveLength(400 - 2 * probes.length);
    expect(Math.abs(probes.length - 200 * share)).toBeLessThanOrEqual(12);
  });
});

describe('without the database', () => {
  async function aWorldWithout() {
    const world = await aWorld();
    const gone = createDatabase({
      url: here.test().workerUrl,
      poolMax: 1,
      applicationName: 'test-gone',
    });
    await gone.close(1_000);
    const worker = world.shared.worker(gone);
    return { world, worker, provider: guarded(world.outside, worker.breaker, here.now) };
  }

  test('nothing is charged, and it is certain that nothing was', async () => {
    const { world, provider } = await aWorldWithout();

    const answer = await provider.perform(chargeOf('op_gone:charge.1:1'));

    expect(answer).toEqual({
      kind: 'retry',
      reason: 'breaker-unreadable',
      attempt: 1,
      nextRetryAfterMs: 1_000,
    });
    expect(world.methods).toEqual([]);
  });

  test('an answer of the provider arrives all the same', async () => {
    const { world, worker, provider } = await aWorldWithout();
    world.reply = status(200, { data: [] });

    const answer = await provider.find(chargeOf('op_gone:charge.1:1'));
    await worker.settled();

    expect(answer).toMatchObject({ kind: 'ok', value: { kind: 'not-found' } });
    expect(worker.notices).toMatchObject([{ kind: 'report-lost' }]);
  });
});
