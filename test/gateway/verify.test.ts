import { afterAll, beforeAll, expect, test } from 'vitest';
import { invariants } from '../../src/ledger/reads.js';
import { aGateway, type TestGateway } from './a-gateway.js';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await aGateway();
  await gateway.world.work();
});
afterAll(() => gateway.stop());

const verify = (as: 'operator' | 'admin' | 'customer' | 'merchant', tenant?: string) =>
  gateway.send('GET', '/v1/verify', { as, ...(tenant !== undefined && { tenant }) });

test('shows people of the tenant alone that all holds and what money there is', async () => {
  const { world } = gateway;
  const opId = await world.pay({ account: await world.account(100_00), amount: 30_00 });
  await world.client.result(opId);

  const { status, body } = await verify('operator');
  const elsewhere = await verify('admin', 'another');
  const others = [await verify('customer'), await verify('merchant')];

  const checks = Object.keys(invariants).length;
  expect([status, others.map((answer) => answer.status)]).toEqual([200, [403, 403]]);
  expect(body).toEqual({
    ...{ checks, violations: [] },
    money: [
      {
        ...{ currency: 'EUR', funded: 100_00, received: 30_00, refunded: 0, held: 0 },
        ...{ settled: 30_00, available: 100_00, drift: 0, inDoubt: 0, parked: 0 },
      },
    ],
  });
  expect(elsewhere.body).toEqual({ checks, violations: [], money: [] });
});

test('says what is broken, how often, and where', async () => {
  const { world } = gateway;
  await world.database.owner`
    update ledger.account set posted = posted + 1
     where tenant = ${world.tenant} and kind = 'customer'`;

  const { body } = await verify('operator');

  const names = ['accounts-sum-to-zero', 'balance-is-its-last-entry'];
  expect(body['violations']).toMatchObject(
    names.map((name) => ({ name, count: 1, rule: expect.any(String), sample: { length: 1 } })),
  );
  expect(body['money']).toMatchObject([{ drift: 1 }]);
});
