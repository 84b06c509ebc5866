import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { amountMax } from '../../src/domain/index.js';
import { eventually } from '../support/eventually.js';
import { aGateway, type TestGateway } from './a-gateway.js';
import { aRideDesk } from './a-ride-desk.js';

let gateway: TestGateway;
const { ask, tell, read, requested } = aRideDesk(() => gateway);
beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
});
afterAll(() => gateway.stop());

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
