import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { createEvents } from '../../src/ledger/index.js';
import { type CloudEvent, createNatsSink, createRelay, type Sink } from '../../src/outbox/index.js';
import { eventTypes } from '../../src/outbox/event-types.js';
import { freePort } from '../../src/servers/index.js';
import { aWorld } from '../ledger/world.js';
import { eventually } from '../support/eventually.js';
import { natsCredentials } from '../support/nats-server/nats-credentials.js';
import { type NatsServer, startNatsServer } from '../support/nats-server/start-nats-server.js';
import { aClock } from './a-clock.js';
import { aStream } from './a-stream.js';
import { disorder } from './disorder.js';
import { settledPayments } from './settled-payments.js';

const here = aWorld();
const clock = aClock(here);
let server: NatsServer;
let database: Database;
beforeAll(async () => {
  server = await startNatsServer();
}, 300_000);
afterAll(() => server?.stop());
beforeAll(() => {
  const { workerUrl } = here.world.urls;
  database = createDatabase({ url: workerUrl, poolMax: 6, applicationName: 'test-nats' });
});
afterEach(() => clock.reset());
afterAll(() => database?.close(1_000));

test('makes a stream, a consumer for each type and for all, and leaves what is there', async () => {
  await Promise.all([aSink(), aSink()].map((sink) => sink.publish(anEvent('op_made.1'))));
  const { manager, consumers } = await aStream(server.url);
  const made = await consumers();
  await manager.streams.update('HOLDFAST', { max_bytes: 1_000_000_000 });
  await manager.consumers.update('HOLDFAST', 'monitor', { max_deliver: 7 });

  await aSink().publish(anEvent('op_made.2'));

  const expected = { ack_policy: 'explicit', deliver_policy: 'all', max_deliver: 20 };
  expect(made).toHaveLength(eventTypes.length + 1);
  for (const consumer of [
    { durable_name: 'payment-settled', filter_subject: 'holdfast.payment.settled' },
    { durable_name: 'hold-held', filter_subject: 'holdfast.hold.held' },
    { durable_name: 'monitor', filter_subject: 'holdfast.>' },
  ]) {
    expect(made).toContainEqual(expect.objectContaining({ ...expected, ...consumer }));
  }
  const { config } = await manager.streams.info('HOLDFAST');
  expect(config).toMatchObject({
    ...{ storage: 'file', subjects: ['holdfast.>'], duplicate_window: 600e9, max_bytes: 1e9 },
  });
  const again = await consumers();
  expect(again).toHaveLength(made.length);
  expect(again.find((each) => each.durable_name === 'monitor')?.max_deliver).toBe(7);
});

test('keeps an event once that is published twice', async () => {
  const { take } = await aStream(server.url);
  const [one, other] = [aSink(), aSink()];

  for (const sink of [one, one, other]) await sink.publish(anEvent('op_twice.1'));

  const taken = await take('monitor');
  expect(taken.filter(({ id }) => id === 'op_twice.1')).toEqual([anEvent('op_twice.1')]);
});

test('tells everybody of every event in its order, each under its type', async () => {
  const { take } = await aStream(server.url);
  const { relay } = await aRelay('nats', aSink());
  await take('hold-held');
  const opIds = await settledPayments(here, 5);

  while ((await relay.once()) > 0);

  const all = await take('monitor');
  const own = all.filter(({ subject }) => opIds.some((opId) => opId === subject));
  expect(own).toHaveLength(15);
  expect(disorder(own)).toEqual([]);
  for (const [consumer, seq] of [
    ['hold-held', 1],
    ['payment-in-doubt', 2],
    ['payment-settled', 3],
  ] as const) {
    const taken = (await take(consumer)).map(({ id }) => id);
    expect(taken.toSorted()).toEqual(opIds.map((opId) => `${opId}.${seq}`).toSorted());
  }
});

test('loses nothing when the server is killed, and the other sinks go on meanwhile', async () => {
  const { relay } = await aRelay('killed', aSink());
  const others: CloudEvent[] = [];
  const other = await aRelay('other', {
    publish: async (event) => {
      others.push(event);
      return undefined;
    },
  });
  const { take } = await aStream(server.url);
  await relay.once();
  await take('monitor');
  await take('payment-settled');
  const opIds = await settledPayments(here, 20);
  await relay.once();
  const before = await take('payment-settled', 10);

  const publishing = relay.once();
  await server.kill();
  await publishing;
  const more = await settledPayments(here, 5);
  const refused = await relay.once();
  while ((await other.relay.once()) > 0);
  await server.restart();
  await eventually(async () => {
    await clock.forward(3_600);
    while ((await relay.once()) > 0);
    expect(await owed('killed')).toBe(0);
  });

  const wanted = [...opIds, ...more].flatMap((opId) => [1, 2, 3].map((seq) => `${opId}.${seq}`));
  const later = await aStream(server.url);
  const seen = (await later.take('monitor')).filter(({ id }) => wanted.includes(id));
  expect(refused).toBeGreaterThan(0);
  expect(others.map(({ id }) => id)).toEqual(expect.arrayContaining(wanted));
  expect(seen.map(({ id }) => id).toSorted()).toEqual(wanted.toSorted());
  expect(disorder(seen)).toEqual([]);
  const rest = await later.take('payment-settled');
  // A server that is killed may forget that some were taken.
  const settled = [...new Set([...before, ...rest].map(({ id }) => id))];
  expect(settled.toSorted()).toEqual([...opIds, ...more].map((opId) => `${opId}.3`).toSorted());
}, 120_000);

test('goes on where a consumer stopped, also after the server was killed', async () => {
  const { relay } = await aRelay('stopped', aSink());
  const { take } = await aStream(server.url);
  await take('payment-settled');
  const opIds = await settledPayments(here, 6);
  while ((await relay.once()) > 0);

  const before = await take('payment-settled', 2);
  await server.kill();
  await server.restart();
  const later = await aStream(server.url);
  const after = await later.take('payment-settled');

  // A server that is killed may forget that some were taken, of other tests too, and never what
  // was not.
  const taken = before.map(({ id }) => id);
  const rest = after.filter(
    ({ id, subject }) => opIds.some((it) => it === subject) && !taken.includes(id),
  );
  expect([before.length, rest.length]).toEqual([2, 4]);
  expect([...before, ...rest].map(({ subject }) => subject).toSorted()).toEqual(opIds.toSorted());
}, 120_000);

test('begins without its server, and finds it', async () => {
  const port = await freePort();
  const faults: unknown[] = [];
  const sink = aSink({ servers: [`nats://127.0.0.1:${port}`], onFault: (it) => faults.push(it) });

  await expect(sink.publish(anEvent('op_early.1'))).rejects.toThrow(/refused/i);
  const late = await startNatsServer({ port });
  onTestFinished(late.stop);
  await sink.publish(anEvent('op_early.1'));

  expect(faults).toHaveLength(1);
  expect(await (await aStream(late.url)).take('monitor')).toEqual([anEvent('op_early.1')]);
});

test('shows the credentials of its file to a server that asks for them', async () => {
  const made = natsCredentials();
  const guarded = await startNatsServer({ config: made.server });
  onTestFinished(guarded.stop);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-creds-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const credentials = join(folder, 'holdfast.creds');
  await writeFile(credentials, made.user);
  const servers = [guarded.url];

  await expect(aSink({ servers }).publish(anEvent('op_none.1'))).rejects.toThrow(/authorization/i);
  expect(await aSink({ servers, credentials }).publish(anEvent('op_known.1'))).toBeUndefined();
});

function anEvent(id: string): CloudEvent {
  const [subject = ''] = id.split('.');
  return {
    ...{ specversion: '1.0', id, source: '/holdfast/tenants/a', type: 'payment.parked', subject },
    ...{ time: '2026-11-21T10:00:00.000Z', datacontenttype: 'application/json' },
    ...{ traceid: 'f'.repeat(32), data: { minor: 12_50 } },
  };
}

function aSink(given: Partial<Parameters<typeof createNatsSink>[0]> = {}): Sink {
  const sink = createNatsSink({ servers: [server.url], onFault: () => undefined, ...given });
  onTestFinished(() => void sink.close?.());
  return sink;
}

async function aRelay(name: string, sink: Sink) {
  const events = createEvents(database, name);
  await events.open();
  return { relay: createRelay({ events, sink, onFault: () => undefined }) };
}

async function owed(sink: string): Promise<number> {
  const [row] = await here.world.rows<{ n: number }>(
    `select count(*)::int as n from ledger.delivery where sink = $1`,
    sink,
  );
  return row?.n ?? -1;
}
