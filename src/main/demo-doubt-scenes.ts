import { setTimeout as delay } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import { accounts, charged, check, endedAs } from './demo-scenes.js';
import { accepted, type DemoWorld, type SceneReport } from './demo-world.js';
import type { OperationBody } from './http-api.js';

// An amount each, so that a fault strikes only its own scene.
const amounts = { held: 12_00, refunded: 15_00, back: 5_00, late: 9_09, deferred: 2_00 } as const;
const deferredCount = 20;
/** For so long a worker may see the breaker as it was. */
const breakerSightMs = 1_200;

/** A hold is captured, and the provider loses the answer to the capture: it is captured once. */
export async function captureLost(world: DemoWorld): Promise<SceneReport> {
  const payment = { account: accounts.payer, amount: amounts.held, capture: 'manual' } as const;
  const { opId } = accepted(await world.accept(payment));
  await world.reaches(opId, ({ phase }) => phase === 'held');
  const match = { referencePrefix: `${opId}:capture`, method: 'POST' } as const;
  await world.fault({ fault: 'timeout-after', times: 1, match });
  await world.api.post(`/v1/payments/${opId}/capture`, {}, { key: nanoid() });
  const one = await world.atRest(opId);
  return {
    title: 'A hold whose capture loses its answer',
    operations: [one],
    checks: [endedAs('it settles', [one], 'COMPLETED'), await charged(world, [one], 1)],
  };
}

/** Part of a payment goes back, and the provider loses the answer to the refund: one refund. */
export async function refundLost(world: DemoWorld): Promise<SceneReport> {
  const paid = await world.pay({ account: accounts.payer, amount: amounts.refunded });
  await world.fault({
    fault: 'timeout-after',
    times: 1,
    match: { amount: amounts.back, method: 'POST' },
  });
  const path = `/v1/payments/${paid.opId}/refunds`;
  const asked = await world.api.post<OperationBody>(
    path,
    { amount: amounts.back },
    { key: nanoid() },
  );
  const refund = await world.atRest(accepted(asked).opId);
  const charge = (await world.charges()).find(({ opId }) => opId === paid.opId);
  return {
    title: 'A refund whose answer the provider loses',
    operations: [paid, refund],
    checks: [
      endedAs('it settles', [refund], 'COMPLETED'),
      check(
        'the provider gave it back exactly once',
        charge?.refunded === amounts.back,
        charge?.refunded,
      ),
    ],
  };
}

/** A call that was given up arrives after all: what it took is given back by itself. */
export async function lateSuccess(world: DemoWorld): Promise<SceneReport> {
  const match = { amount: amounts.late, method: 'POST' } as const;
  await world.fault({ fault: 'rate-limit', retryAfterMs: 1_000, match });
  const payment = { account: accounts.friend, amount: amounts.late, timeBudgetMs: 1_000 };
  const one = await world.atRest(accepted(await world.accept(payment)).opId);
  await world.heal(amounts.late);
  await world.chargeLate(`${one.opId}:charge.1:1`, amounts.late);
  const late = await world.awaited(async () => {
    const { body } = await world.api.get<{ data: OperationBody[] }>('/v1/operations?domain=Late');
    const [found] = 'data' in body ? body.data : [];
    return found?.state === 'COMPLETED' ? found : undefined;
  });
  const charge = (await world.charges()).find(({ opId }) => opId === one.opId);
  return {
    title: 'A charge that arrives after its payment was given up',
    operations: late === undefined ? [one] : [one, late],
    checks: [
      check('the payment stays refused', one.state === 'FAILED', one.state),
      check(
        'the provider gave all of it back',
        charge !== undefined && charge.refunded === charge.amount,
        charge?.refunded,
      ),
    ],
  };
}

/** The provider goes down: payments wait with their money held, and settle when it is back. */
export async function breakerOpens(world: DemoWorld): Promise<SceneReport> {
  const payment = { account: accounts.payer, amount: amounts.deferred };
  await world.fault({ fault: 'down', match: { amount: amounts.deferred, method: 'POST' } });
  const first = await startedAll(world, payment, 3);
  await Promise.all(first.map((opId) => world.reaches(opId, ({ phase }) => phase === 'in-doubt')));
  await delay(breakerSightMs);
  const waiting = await startedAll(world, payment, deferredCount);
  const phases = await Promise.all(
    waiting.map((opId) =>
      world.reaches(opId, ({ phase }) => phase === 'deferred' || phase === 'in-doubt'),
    ),
  );
  await world.heal(amounts.deferred);
  const operations = await Promise.all([...first, ...waiting].map((opId) => world.atRest(opId)));
  const deferred = phases.filter((one) => one?.phase === 'deferred').length;
  return {
    title: `The provider is down, and ${deferredCount} payments wait for it`,
    operations,
    notes: [`${deferred} of ${deferredCount} were deferred`],
    checks: [
      check('payments were deferred', deferred > 0, deferred),
      endedAs('all settle when it is back', operations, 'COMPLETED'),
      await charged(world, operations, 1),
    ],
  };
}

async function startedAll(
  world: DemoWorld,
  payment: Parameters<DemoWorld['accept']>[0],
  count: number,
): Promise<readonly string[]> {
  const answers = Array.from({ length: count }, () => world.accept(payment));
  return (await Promise.all(answers)).map((answer) => accepted(answer).opId);
}
