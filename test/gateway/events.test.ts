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
  expect((await gateway.send('GET', '/v1/events/sinks', { as })).body.code).toBe(code);
});

test('a person sees what sinks are owed, and retires one that nobody takes from', async () => {
  const old = await aSinkThatIsGone('old');
  const kept = await aSinkThatIsGone('kept');
  const [before] = await sinks('old');
  const retire = (name: string, sent: Sent = ada, body: object = { reason }) =>
    gateway.send('POST', `/v1/events/sinks/${name}/retire`, { ...sent, body });

  const early = await retire('old');
  await gateway.world.database.owner`
    update ledger.sink set leased_at = now() - interval '2 minutes' where name = 'old'`;
  const gone = await retire('old');
  const again = await retire('old');

  // Two of its own, which are dead, and two of the other one.
  expect(before).toMatchObject({ waiting: 2, dead: 2, oldestSeconds: expect.any(Number) });
  expect([early.status, early.body.code]).toEqual([409, 'invalid-state']);
  expect(early.body['detail']).toContain('EVENT_SINKS');
  expect([gone.status, gone.body]).toEqual([200, { events: 4, left: false }]);
  expect([again.status, again.body.code]).toEqual([404, 'sink-unknown']);
  expect(await sinks('old')).toEqual([]);
  expect(await sinks('kept')).toHaveLength(1);
  expect([old.taken, kept.taken]).toEqual([[], []]);
  expect(gateway.lines.find(({ message }) => message === 'sink retired')).toMatchObject({
    ...{ sink: 'old', by: `${gateway.world.tenant}/ada` },
  });
  expect((await retire('kept', ada, {})).body.code).toBe('field-required');
  expect((await retire('kept', { as: 'merchant' })).body.code).toBe('forbidden');
});

async function sinks(name: string) {
  const { body } = await gateway.send('GET', '/v1/events/sinks', ada);
  return body.data.filter((one) => one['sink'] === name);
}

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
