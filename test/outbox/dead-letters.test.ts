import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { createDeadLetters, createEvents, createStanding } from '../../src/ledger/index.js';
import { createRelay, type Refusal } from '../../src/outbox/index.js';
import { aWorld } from '../ledger/world.js';

const here = aWorld();
let worker: Database;
let reader: Database;
beforeAll(() => {
  const { workerUrl, readerUrl } = here.world.urls;
  const settings = { poolMax: 2, applicationName: 'test-dead-letters' };
  worker = createDatabase({ ...settings, url: workerUrl });
  reader = createDatabase({ ...settings, url: readerUrl });
});
afterAll(() => Promise.all([worker.close(1_000), reader.close(1_000)]));

const gone: Refusal = { reason: 'gone', forGood: true };
const busy: Refusal = { reason: 'busy', forGood: false };
const anAdmin = { principal: 'ada', reason: 'it is back' };

test('sets aside what a sink refuses for good, and goes on with what comes after it', async () => {
  const { tenant, opId } = await twoEvents();
  const refusing = await aSink('first', (id) => (id === `${opId}.1` ? gone : undefined));

  await refusing.drain();

  expect(refusing.taken.filter((id) => id.startsWith(opId))).toEqual([`${opId}.2`]);
  expect(await createDeadLetters(reader).list(tenant, 'first', 10)).toEqual([
    {
      ...{ eventId: `${opId}.1`, sink: 'first', type: 'hold.held', opId, attempts: 1 },
      ...{ reason: 'gone', deadAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    },
  ]);
  expect(await createDeadLetters(reader).list('another', undefined, 10)).toEqual([]);
});

test('sets aside what is refused for longer than the retry time', async () => {
  const { tenant, opId } = await twoEvents();
  const sink = await aSink('second', (id) => (id === `${opId}.1` ? busy : undefined), 0);

  await sink.drain();

  const [letter] = await createDeadLetters(reader).list(tenant, 'second', 10);
  expect(letter).toMatchObject({ eventId: `${opId}.1`, reason: 'busy', attempts: 1 });
  expect(sink.taken).toContain(`${opId}.2`);
});

test('delivers again what a person wants, once for each wish, and writes it down', async () => {
  const { tenant, opId } = await twoEvents();
  const answers: Record<string, Refusal> = { [`${opId}.1`]: gone };
  const sink = await aSink('third', (id) => answers[id]);
  await sink.drain();
  delete answers[`${opId}.1`];
  const letters = createDeadLetters(reader);

  const all = await letters.redeliver({ ...anAdmin, tenant, sink: 'third' });
  const nothing = await letters.redeliver({ ...anAdmin, tenant, sink: 'third' });
  await sink.drain();
  const again = { ...anAdmin, tenant, sink: 'third', eventId: `${opId}.2` };
  const one = await letters.redeliver(again);
  const same = await letters.redeliver(again);
  await sink.drain();

  expect([all, nothing, one, same]).toEqual(
    [1, 0, 1, 0].map((events) => ({ kind: 'redelivered', events })),
  );
  expect(sink.taken.filter((id) => id.startsWith(opId))).toEqual(
    [2, 1, 2].map((seq) => `${opId}.${seq}`),
  );
  expect(await letters.list(tenant, 'third', 10)).toEqual([]);
  const audit = await here.world.rows<{ subject: string; detail: object }>(
    `select subject, detail from ledger.audit where tenant = $1 and action = 'event.redeliver'
      order by id`,
    tenant,
  );
  expect(audit.map(({ subject }) => subject)).toEqual([`${opId}.1`, `${opId}.2`]);
  expect(audit[0]?.detail).toEqual({ sink: 'third', reason: anAdmin.reason });
});

test.each([
  ['a sink that is not there', { sink: 'nobody' }, 'sink-unknown'],
  ['an event that is not there', { eventId: 'op_x.1' }, 'event-unknown'],
  ['what is no event', { eventId: 'op_x' }, 'event-unknown'],
])('delivers nothing again for %s', async (_, asked, code) => {
  await aSink('fourth');

  const answer = await createDeadLetters(reader).redeliver({
    ...{ ...anAdmin, tenant: 'any', sink: 'fourth', eventId: 'op_x.2' },
    ...asked,
  });

  expect(answer).toMatchObject({ kind: 'fail', code });
});

test('delivers nothing again of another tenant', async () => {
  const { opId } = await twoEvents();
  const sink = await aSink('fifth');
  await sink.drain();
  const asked = { ...anAdmin, sink: 'fifth', tenant: 'another', eventId: `${opId}.1` };

  expect(await createDeadLetters(reader).redeliver(asked)).toMatchObject({ code: 'event-unknown' });
});

test('holds up no sink because of another, and says what each is owed', async () => {
  const slow = await aSink('slow', () => busy);
  const fast = await aSink('fast');
  await Promise.all([slow.drain(), fast.drain()]);
  const { opId } = await twoEvents();

  await slow.drain();
  await fast.drain();

  const { sinks } = await createStanding(worker)();
  expect(fast.taken.filter((id) => id.startsWith(opId))).toEqual([`${opId}.1`, `${opId}.2`]);
  expect(sinks.find(({ sink }) => sink === 'fast')).toEqual({
    ...{ sink: 'fast', waiting: 0, oldestSeconds: 0, dead: 0 },
  });
  const owed = sinks.find(({ sink }) => sink === 'slow');
  expect(owed?.waiting).toBeGreaterThanOrEqual(2);
  expect(owed?.oldestSeconds).toBeGreaterThan(0);
});

/** A payment with two events. */
async function twoEvents() {
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 100 });
  const { opId } = await tenant.held({ account: 'alice', amount: 10 });
  await here.world.ledger.notePhase(opId, 'doubt.1', 'in-doubt', {});
  return { tenant: tenant.tenant, opId };
}

async function aSink(
  name: string,
  answer: (eventId: string) => Refusal | undefined = () => undefined,
  retryMs = 60_000,
) {
  const taken: string[] = [];
  const events = createEvents(worker, name);
  await events.open();
  const relay = createRelay({
    ...{ events, retryMs, onFault: () => undefined },
    sink: {
      publish: async ({ id }) => {
        const refusal = answer(id);
        if (refusal === undefined) taken.push(id);
        return refusal;
      },
    },
  });
  const drain = async () => {
    while ((await relay.once()) > 0);
  };
  return { taken, drain };
}
