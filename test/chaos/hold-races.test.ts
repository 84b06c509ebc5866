import { setTimeout as pause } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import type { AccountId, OpId } from '../../src/domain/index.js';
import { aGateway, type TestGateway } from '../gateway/a-gateway.js';
import { sandbox } from '../gateway/a-sender.js';
import { tell } from '../gateway/a-webhook.js';
import { eventually } from '../support/eventually.js';
import { type Draw, swept } from '../support/rounds.js';
import {
  booksOf,
  chargesOf,
  hurried,
  isHeld,
  plenty,
  scattered,
  takenBy,
} from './running-races.js';
import type { SweepName } from './sweeps.js';

let gateway: TestGateway;
let account: AccountId;
beforeAll(async () => {
  gateway = await aGateway(hurried);
  await gateway.world.work();
  account = await gateway.world.account(plenty, { owner: 'ada' });
});
afterAll(() => gateway.stop());

/** Asks again under the same key while it is told to: a workflow that closes may have no ear. */
function ask(opId: OpId, what: 'capture' | 'cancel') {
  const headers = { 'idempotency-key': nanoid() };
  return eventually(async () => {
    const answer = await gateway.send('POST', `/v1/payments/${opId}/${what}`, {
      headers,
      body: {},
    });
    expect(answer.status).not.toBe(503);
    return answer;
  });
}

/** Rounds on the one account, which afterwards lacks what they say they took, and no more. */
async function sweptOnAccount(
  context: TestContext,
  fault: SweepName,
  round: (draw: Draw, n: number) => Promise<number>,
): Promise<readonly string[]> {
  const { world } = gateway;
  const before = (await world.available(account)) ?? 0;
  let spent = 0;
  const asked = { books: booksOf(world), atOnce: 8 };
  const { violations } = await swept(context, fault, asked, async (draw, n) => {
    const taken = await round(draw, n);
    spent += taken;
  });
  expect(await world.available(account)).toBe(before - spent);
  return violations;
}

/** There is nothing to tell yet. */
const noWebhook = { status: 200 };

async function aHold(amount: number, holdExpiresAt?: number): Promise<OpId> {
  const { world } = gateway;
  const ending = holdExpiresAt === undefined ? {} : { holdExpiresAt };
  const opId = await world.pay({ account, amount, capture: 'manual', ...ending });
  await isHeld(world, opId);
  return opId;
}

test('cancel-or-capture: a hold that is cancelled and captured has one winner', async (context) => {
  const { world } = gateway;
  const violations = await sweptOnAccount(context, 'cancel-or-capture', async (draw) => {
    const amount = draw.whole(1, 100_00);
    const opId = await aHold(amount);
    const [captured, cancelled] = await scattered(draw, 50, [
      () => ask(opId, 'capture'),
      () => ask(opId, 'cancel'),
    ]);
    const taken = await takenBy(world, opId);

    const [won, lost] = taken > 0 ? [captured, cancelled] : [cancelled, captured];
    expect([taken, won?.status, lost?.status, lost?.body.code]).toEqual([
      ...[taken === 0 ? 0 : amount, 202, 409, 'invalid-state'],
    ]);
    return taken;
  });

  expect(violations).toEqual([]);
});

test('expiry-or-capture: it is captured or let go as its time ends', async (context) => {
  const { world } = gateway;
  const violations = await sweptOnAccount(context, 'expiry-or-capture', async (draw) => {
    const amount = draw.whole(1, 100_00);
    const endsAt = Date.now() + 2_000;
    const opId = await aHold(amount, endsAt);
    await pause(endsAt + draw.whole(-50, 50) - Date.now());
    const { kind } = await world.client.capture(opId, {}, nanoid());
    const taken = await takenBy(world, opId);

    expect(taken).toBe(kind === 'accepted' ? amount : 0);
    if (taken === 0) {
      expect(await world.client.result(opId)).toMatchObject({ code: 'hold-expired' });
    }
    return taken;
  });

  expect(violations).toEqual([]);
});

test('four-voices: a webhook, a look, an answer and a cancel agree on one end', async (context) => {
  const { world } = gateway;
  /** What the provider shows by now, as it would tell it by itself. */
  const webhook = async (opId: OpId) => {
    const [charge] = await chargesOf(world, opId);
    return charge === undefined ? noWebhook : tell(gateway, sandbox, { data: charge });
  };
  const violations = await sweptOnAccount(context, 'four-voices', async (draw, n) => {
    const amount = 1_00 + n;
    const match = { method: 'POST', path: '/charges', amount } as const;
    const fault = draw.one(['slow', 'timeout-after', 'timeout-before', 'reset-after'] as const);
    await world.fault({ fault, times: 1, delayMs: draw.whole(0, 250), match });
    const opId = await world.pay({ account, amount });
    const [cancelled, ...told] = await scattered(draw, 500, [
      () => ask(opId, 'cancel'),
      () => webhook(opId),
      () => webhook(opId),
      () => webhook(opId),
      () => world.client.verify(opId).then(() => noWebhook),
    ]);
    const taken = await takenBy(world, opId);

    expect([0, amount]).toContain(taken);
    expect(cancelled?.status).toBe(taken === 0 ? 202 : 409);
    expect(told.filter(({ status }) => status !== 200)).toEqual([]);
    return taken;
  });

  expect(violations).toEqual([]);
});
