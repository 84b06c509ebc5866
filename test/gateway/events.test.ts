import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEvents } from '../../src/ledger/index.js';
import { createRelay } from '../../src/outbox/index.js';
import { envelopesOf } from '../support/envelopes.js';
import { aGateway, type Sent, type TestGateway } from './a-gateway.js';

const ada: Sent = { as: 'operator', sub: 'ada' };
const reason = 'their endpoint is back';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await aGateway();
});
afterAll(() => gateway.stop());

const dead = (query = '', sent: Sent = ada) => gateway.send('GET', `/v1/events/dead${query}`, sent);
const redeliver = (body: object, sent: Sent = ada) =>
  gateway.send('POST', '/v1/events/redeliver', { ...sent, body });

test('a person sees what a sink did not take, and has it delivered again', async () => {
  const sink = await aSinkThatIsGone('crm');

  const before = await dead('?sink=crm');
  const ids = before.body.data.map((letter) => `${letter['eventId']}`);
  const one = await redeliver({ sink: 'crm', eventId: ids[0], reason });
  const all = await redeliver({ sink: 'crm', reason });
  const after = await dead();
  sink.isBack();
  await sink.drain();

  expect(before.body.data[0]).toMatchObject({ sink: 'crm', attempts: 1, reason: 'gone' });
  expect([one, all].map(({ status, body }) => [status, body['events']])).toEqual([
    [200, 1],
    [200, ids.length - 1],
  ]);
  expect(after.body.data).toEqual([]);
  expect(sink.taken).toEqual(expect.arrayContaining(ids));
});

test.each([
  ['another sink', { sink: 'nobody', reason }, 'sink-unknown'],
  ['another event', { sink: 'erp', eventId: 'op_x.1', reason }, 'event-unknown'],
  ['no reason', { sink: 'erp' }, 'field-required'],
  ['an empty reason', { sink: 'erp', reason: '' }, 'field-required'],
  ['no sink', { reason }, 'field-required'],
])('delivers nothing again for %s', async (_, body, code) => {
  await aSinkThatIsGone('erp');

  expect((await redeliver(body)).body.code).toBe(code);
});

test.each(['customer', 'merchant', null] as const)('shows a %s nothing', async (as) => {
  const code = as === null ? 'auth-required' : 'forbidden';

  expect((await dead('', { as })).body.code).toBe(code);
  expect((await redeliver({ sink: 'erp', reason }, { as })).body.code).toBe(code);
});

async function aSinkThatIsGone(name: string) {
  const taken: string[] = [];
  let isGone = true;
  const events = createEvents(gateway.world.database.database, name);
  await events.open();
  const relay = createRelay({
    events,
    sink: {
      publish: async ({ id }) => {
        if (isGone) return { reason: 'gone', forGood: true };
        taken.push(id);
        return undefined;
      },
    },
    onFault: () => undefined,
  });
  const drain = async () => {
    while ((await relay.once()) > 0);
  };
  const { opening } = envelopesOf(gateway.world.tenant);
  for (const account of [`${name}-1`, `${name}-2`]) {
    await gateway.world.ledger.openAccount(opening({ account }));
  }
  await drain();
  return { taken, drain, isBack: () => void (isGone = false) };
}
