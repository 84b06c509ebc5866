import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBreakerStore } from '../../src/ledger/index.js';
import { aGateway, type Sent, type TestGateway } from './a-gateway.js';

const ada: Sent = { as: 'operator', sub: 'ada' };

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await aGateway();
});
afterAll(() => gateway.stop());

const turn = (provider: string, act: string, sent: Sent) =>
  gateway.send('POST', `/v1/providers/${provider}/breaker/${act}`, sent);
const list = async () => (await gateway.send('GET', '/v1/providers', ada)).body.data;
const modeAtWorkers = async () => {
  const store = createBreakerStore(gateway.world.database.database);
  return (await store.read('sandbox')).state.mode;
};

test('a person stops calls to a provider and lets them out, and it is written down', async () => {
  const before = await list();
  const reason = 'they told us of an outage';

  const isolated = await turn('sandbox', 'isolate', { ...ada, body: { reason } });
  const modes = [await modeAtWorkers()];
  const reset = await turn('sandbox', 'reset', {
    as: 'admin',
    sub: 'bob',
    body: { reason: 'over' },
  });
  modes.push(await modeAtWorkers());

  expect(before).toContainEqual({ provider: 'sandbox', mode: 'closed' });
  expect(before).toContainEqual({ provider: 'objects', mode: 'closed' });
  expect([isolated.status, reset.status]).toEqual([200, 200]);
  expect(isolated.body).toMatchObject({
    ...{ provider: 'sandbox', mode: 'isolated' },
    turned: { type: 'breaker.isolated', by: `${gateway.world.tenant}/ada`, reason },
  });
  expect(modes).toEqual(['isolated', 'closed']);
  expect(await list()).toContainEqual(reset.body);
  const events = await gateway.world.database.owner<{ type: string; reason: string }[]>`
    select type, reason from ledger.breaker_event where provider = 'sandbox' order by id`;
  expect(events.map(({ type, reason: why }) => [type, why])).toEqual([
    ['breaker.isolated', reason],
    ['breaker.reset', 'over'],
  ]);
});

test.each([
  ['a customer', 'sandbox', { as: 'customer', body: { reason: 'why' } }, 'forbidden'],
  ['a merchant', 'sandbox', { as: 'merchant', body: { reason: 'why' } }, 'forbidden'],
  ['nobody we know', 'sandbox', { as: null, body: { reason: 'why' } }, 'auth-required'],
  ['an operator without a reason', 'sandbox', { ...ada, body: {} }, 'field-required'],
  [
    'an operator with an empty reason',
    'sandbox',
    { ...ada, body: { reason: '' } },
    'field-required',
  ],
  [
    'an operator of another provider',
    'nobody',
    { ...ada, body: { reason: 'why' } },
    'provider-unknown',
  ],
] as const)('%s does not stop calls', async (_, provider, sent, code) => {
  const before = await modeAtWorkers();

  const answer = await turn(provider, 'isolate', sent);

  expect(answer.body.code).toBe(code);
  expect(await modeAtWorkers()).toBe(before);
});

test.each(['customer', 'merchant'] as const)('a %s does not see the providers', async (as) => {
  const { body } = await gateway.send('GET', '/v1/providers', { as });

  expect(body.code).toBe('forbidden');
});
