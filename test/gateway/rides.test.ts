import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { amountMax } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import { aGateway, type Answer, type Sent, type TestGateway } from './a-gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
});
afterAll(() => gateway.stop());

const ask = (body: object, sent: Sent = {}): Promise<Answer> =>
  gateway.send('POST', '/v1/rides', {
    as: 'merchant',
    ...sent,
    body: { estimate: 30_00, currency: 'EUR', ...body },
    headers: { 'idempotency-key': nanoid(), ...sent.headers },
  });
const tell = (opId: string, what: string, body: unknown, sent: Sent = {}): Promise<Answer> =>
  gateway.send('POST', `/v1/rides/${opId}/${what}`, { as: 'merchant', ...sent, body });

async function requested() {
  const [rider, driver] = [await gateway.world.account(100_00), await gateway.world.account(0)];
  const { body } = await ask({ rider });
  return { rider, driver, opId: body.opId };
}

async function booked() {
  const ride = await requested();
  expect((await tell(ride.opId, 'match', { driver: ride.driver })).status).toBe(202);
  // Requested, held, authorised, and held for as long as a ride may take.
  await eventually(async () => expect((await read(ride.opId)).body.version).toBe(4));
  return ride;
}

const read = (opId: string) => gateway.send('GET', `/v1/operations/${opId}`, { as: 'merchant' });

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

  test('costs no more than the hold and its tolerance, and goes on', async () => {
    const { opId } = await booked();

    const over = await tell(opId, 'complete', { amount: 34_51 });
    const done = await tell(opId, 'complete', { amount: 34_50 });

    expect([over.status, over.body.code]).toEqual([422, 'capture-exceeds-hold']);
    expect(done.status).toBe(202);
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

describe('a ride that cannot be', () => {
  const unknown = [
    ...['distance', 'pickup', 'latitude', 'longitude', 'fare', 'tip', 'startedAt', 'endedAt'],
    ...['driver', 'state', 'version', 'tenantId', 'callbackUrl'],
  ].map((name) => [`a ${name}`, { [name]: -1 }, 422, 'unknown-field'] as const);

  test.each<readonly [string, object, number, string]>([
    ['an unknown rider', { rider: 'nobody' }, 404, 'account-unknown'],
    ['no rider', { rider: undefined }, 422, 'field-required'],
    ['another currency', { currency: 'USD' }, 422, 'currency-mismatch'],
    ['no currency of ours', { currency: 'XXX' }, 422, 'currency-invalid'],
    ['no estimate', { estimate: undefined }, 422, 'field-required'],
    ['an estimate of 0', { estimate: 0 }, 422, 'amount-not-positive'],
    ['an estimate below 0', { estimate: -1 }, 422, 'amount-not-positive'],
    ['an estimate of half a cent', { estimate: 0.5 }, 422, 'amount-invalid'],
    ['an estimate in words', { estimate: '3000' }, 422, 'amount-invalid'],
    ['an estimate over the limit', { estimate: amountMax + 1 }, 422, 'amount-too-large'],
    ...unknown,
  ])('has %s', async (_, change, status, code) => {
    const rider = await gateway.world.account(100_00);
    const before = await gateway.operations();

    const answer = await ask({ rider, ...change });

    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(await gateway.operations()).toBe(before);
    expect(await gateway.world.available(rider)).toBe(100_00);
  });

  test.each(['closed', 'frozen'] as const)('is of a %s rider', async (state) => {
    const rider = await anAccount(state);

    const answer = await ask({ rider });

    expect([answer.status, answer.body.code]).toEqual([409, `account-${state}`]);
  });

  test.each<[string, string, object, string]>([
    ['a fare', 'match', { driver: 'a', fare: 1 }, 'unknown-field'],
    ['no driver', 'match', {}, 'field-required'],
    ['a place that is none', 'match', { driver: 'a', destination: '12 34' }, 'text-invalid'],
    ['no fare', 'complete', {}, 'field-required'],
    ['a fare of 0', 'complete', { amount: 0 }, 'amount-not-positive'],
    ['a fare below 0', 'complete', { amount: -1 }, 'amount-not-positive'],
    ['a fare in words', 'complete', { amount: '1' }, 'amount-invalid'],
    ['a fare over the limit', 'complete', { amount: amountMax + 1 }, 'amount-too-large'],
    ['a tip', 'complete', { amount: 1, tip: 1 }, 'unknown-field'],
    ['a distance driven', 'complete', { amount: 1, distance: -1 }, 'unknown-field'],
    ['nobody', 'cancel', {}, 'field-required'],
    ['somebody else', 'cancel', { by: 'operator' }, 'field-invalid'],
    ['a fee', 'cancel', { by: 'rider', fee: 0 }, 'unknown-field'],
  ])('is told of %s when it is to %s, and stays as it is', async (_, what, body, code) => {
    const { rider, opId } = await requested();
    await eventually(async () => expect((await read(opId)).body.version).toBe(1));
    const before = (await read(opId)).body;

    const answer = await tell(opId, what, body);

    expect([answer.status, answer.body.code]).toEqual([422, code]);
    expect((await read(opId)).body).toEqual(before);
    expect(await gateway.world.available(rider)).toBe(100_00);
  });

  test('is matched with a driver who has no account, a closed or another currency', async () => {
    const { opId } = await requested();
    const dollars = await gateway.world.account(0, { currency: 'USD' });

    const answers = [
      await tell(opId, 'match', { driver: 'nobody' }),
      await tell(opId, 'match', { driver: await anAccount('closed') }),
      await tell(opId, 'match', { driver: dollars }),
    ];

    expect(answers.map(({ status, body }) => [status, body.code])).toEqual([
      [404, 'account-unknown'],
      [409, 'account-closed'],
      [422, 'currency-mismatch'],
    ]);
  });

  async function anAccount(status: 'closed' | 'frozen') {
    const account = await gateway.world.account(0);
    const path = `/v1/accounts/${account}`;
    const etag = (await gateway.send('GET', path)).headers.get('etag') ?? '';
    const edit = { body: { status }, headers: { 'if-match': etag } };
    expect((await gateway.send('PATCH', path, edit)).status).toBe(200);
    return account;
  }
});
