import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { charge } from '../operations/a-ride.js';
import { aGateway, type TestGateway } from './a-gateway.js';
import { aRideDesk } from './a-ride-desk.js';
import { sandbox } from './a-sender.js';
import { tell as tellOf } from './a-webhook.js';

let gateway: TestGateway;
const { ask, tell, read, requested, booked } = aRideDesk(() => gateway);
beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
});
afterAll(() => gateway.stop());

/** The call that was given up reaches the provider after all. */
async function authorisedLate(opId: string, amount: number): Promise<object> {
  const reference = `${opId}:authorize.1:1`;
  const answer = await fetch(`${gateway.world.providerUrl}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': reference },
    body: JSON.stringify({ reference, amount, currency: 'EUR', capture: false }),
  });
  return (await answer.json()) as object;
}

async function ended(opId: string) {
  await eventually(async () =>
    expect((await read(opId)).body.state).toMatch(/^(COMPLETED|FAILED)$/),
  );
  return (await read(opId)).body;
}

describe('a ride over HTTP', () => {
  test('is asked for, matched and completed, and pays the driver', async () => {
    const { rider, driver, opId } = await booked();
    const asked = await read(opId);

    const done = await tell(opId, 'complete', { amount: 28_00 });

    expect(asked.body).toMatchObject({
      ...{ domain: 'Ride', eventType: 'RideRequested', state: 'IN_PROGRESS' },
      ...{ account: rider, amount: 30_00, currency: 'EUR' },
    });
    expect([done.status, done.headers.get('location')]).toEqual([202, `/v1/operations/${opId}`]);
    expect(await ended(opId)).toMatchObject({
      state: 'COMPLETED',
      outcome: { kind: 'settled' },
    });
    expect(await gateway.world.available(rider)).toBe(72_00);
    expect(await gateway.world.available(driver)).toBe(28_00);
  });

  test('that the rider cancels takes the fee', async () => {
    const { rider, opId } = await booked();

    expect((await tell(opId, 'cancel', { by: 'rider' })).status).toBe(202);

    expect(await ended(opId)).toMatchObject({ state: 'COMPLETED' });
    expect(await gateway.world.available(rider)).toBe(95_00);
  });

  test('that the driver cancels is withdrawn', async () => {
    const { rider, opId } = await booked();

    expect((await tell(opId, 'cancel', { by: 'driver' })).status).toBe(202);

    expect(await ended(opId)).toMatchObject({ state: 'FAILED', outcome: { code: 'withdrawn' } });
    expect(await gateway.world.available(rider)).toBe(100_00);
  });

  test('is one operation for one key', async () => {
    const rider = await gateway.world.account(100_00);
    const headers = { 'idempotency-key': nanoid() };
    const first = await ask({ rider }, { headers });

    const again = await ask({ rider }, { headers });
    const other = await ask({ rider, estimate: 1 }, { headers });

    expect(again.body.opId).toBe(first.body.opId);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect([other.status, other.body.code]).toEqual([422, 'idempotency-key-reused']);
  });
});

describe('a ride out of order', () => {
  test.each<[string, string, object]>([
    ['completed before a driver is found', 'complete', { amount: 1 }],
    ['cancelled by a driver who is not there', 'cancel', { by: 'driver' }],
  ])('is not %s', async (_, what, body) => {
    const { opId } = await requested();

    const answer = await tell(opId, what, body);

    expect([answer.status, answer.body.code]).toEqual([409, 'invalid-state']);
  });

  test.each([
    ['cancelled', 'cancel', { by: 'driver' }, [100_00, 0]],
    ['completed', 'complete', { amount: 28_00 }, [72_00, 28_00]],
  ])('is not completed, matched or cancelled once it was %s', async (_, what, body, left) => {
    const { rider, driver, opId } = await booked();
    await tell(opId, what, body);
    await ended(opId);

    const answers = await Promise.all([
      tell(opId, 'complete', { amount: 1 }),
      tell(opId, 'match', { driver }),
      tell(opId, 'cancel', { by: 'rider' }),
    ]);

    const { available } = gateway.world;
    expect(answers.map(({ status, body: { code } }) => [status, code])).toEqual(
      answers.map(() => [409, 'invalid-state']),
    );
    expect([await available(rider), await available(driver)]).toEqual(left);
  });

  test.each(['capture', 'cancel', 'refunds'])('is no payment to %s', async (what) => {
    const { opId } = await requested();
    const sent = { body: {}, headers: { 'idempotency-key': nanoid() } };

    const answer = await gateway.send('POST', `/v1/payments/${opId}/${what}`, sent);

    expect([answer.status, answer.body.code]).toEqual([404, 'operation-unknown']);
  });

  test('is not given to another driver half-way', async () => {
    const { opId } = await booked();
    const driver = await gateway.world.account(0);

    const answer = await tell(opId, 'match', { driver });

    expect([answer.status, answer.body.code]).toEqual([409, 'invalid-state']);
  });

  test('is not driven by its rider', async () => {
    const { rider, opId } = await requested();

    const answer = await tell(opId, 'match', { driver: rider });

    expect([answer.status, answer.body.code]).toEqual([422, 'same-account']);
  });

  test('may cost more than the hold and its tolerance', async () => {
    const { rider, driver, opId } = await booked();

    expect((await tell(opId, 'complete', { amount: 50_00 })).status).toBe(202);

    expect(await ended(opId)).toMatchObject({ outcome: { kind: 'settled', amount: 50_00 } });
    expect(await gateway.world.available(rider)).toBe(50_00);
    expect(await gateway.world.available(driver)).toBe(50_00);
  });

  test('that was cancelled before its authorisation went well is let go there too', async () => {
    const { world } = gateway;
    const estimate = 31_07;
    const rider = await world.account(100_00);
    const { body } = await ask({ rider, estimate });
    const { opId } = body;
    const match = { method: 'POST', path: '/charges', amount: estimate } as const;
    await world.fault({ fault: 'rate-limit', retryAfterMs: 20_000, match });
    await tell(opId, 'match', { driver: await world.account(0) });
    await eventually(async () => expect((await read(opId)).body.phase).toBe('charging'));
    await tell(opId, 'cancel', { by: 'rider' });
    expect(await ended(opId)).toMatchObject({ outcome: { code: 'withdrawn' } });
    await world.heal();

    const data = await authorisedLate(opId, estimate);
    const answer = await tellOf(gateway, sandbox, { type: 'charge.authorized', data });

    expect(answer.body.state).toBe('applied');
    await eventually(async () => {
      const { body: late } = await gateway.send('GET', '/v1/operations?domain=Late', {
        as: 'operator',
      });
      expect(late.data).toMatchObject([{ state: 'COMPLETED', outcome: { kind: 'returned' } }]);
    });
    expect(await charge(world, opId)).toMatchObject({ status: 'voided', capturedAmount: 0 });
    expect((await read(opId)).body).toMatchObject({ state: 'FAILED' });
    expect(await world.available(rider)).toBe(100_00);
  });
});

describe('who may say what of a ride', () => {
  test('is a business, never the rider', async () => {
    const { rider, driver, opId } = await requested();
    const as = { as: 'customer' } as const;

    const answers = await Promise.all([
      ask({ rider }, as),
      tell(opId, 'match', { driver }, as),
      tell(opId, 'complete', { amount: 1 }, as),
      tell(opId, 'cancel', { by: 'driver' }, as),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
  });

  test('is somebody of its tenant', async () => {
    const { opId } = await requested();

    const answer = await tell(opId, 'cancel', { by: 'rider' }, { tenant: 'another' });

    expect([answer.status, answer.body.code]).toEqual([404, 'operation-unknown']);
  });

  test('concerns rides alone', async () => {
    const account = await gateway.world.account(100_00);
    const { body } = await gateway.pay({ account });

    const answer = await tell(body.opId, 'cancel', { by: 'rider' });

    expect([answer.status, answer.body.code]).toEqual([404, 'operation-unknown']);
  });
});
