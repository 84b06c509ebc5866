import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { createDeadLetters, createEvents } from '../../src/ledger/index.js';
import { createRelay, createWebhookSink } from '../../src/outbox/index.js';
import { aWorld } from '../ledger/world.js';
import { eventually } from '../support/eventually.js';
import { aClock } from './a-clock.js';
import { aReceiver, aSecret } from './a-receiver.js';
import { disorder } from './disorder.js';
import { settledPayments } from './settled-payments.js';

const here = aWorld();
const clock = aClock(here);
const secret = aSecret(7);
let database: Database;
beforeAll(() => {
  const { workerUrl } = here.world.urls;
  database = createDatabase({ url: workerUrl, poolMax: 4, applicationName: 'test-webhooks' });
});
afterEach(() => clock.reset());
afterAll(() => database.close(1_000));

const misbehaviours: readonly ((response: ServerResponse) => unknown)[] = [
  (response) => response.writeHead(500).end(),
  (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
  ({ socket }) => socket?.destroy(),
  (response) => response.writeHead(429, { 'retry-after': '3' }).end(),
  // It answers once we have given up, or not at all.
  (response) => response.on('close', () => response.writeHead(200).end()),
];

test('reaches a receiver that misbehaves with every event, in order, under one id', async () => {
  const sink = 'misbehaving';
  const receiver = await aReceiver(secret, ({ event }, attempt, response) => {
    const misbehave = misbehaviours[attempt - 1];
    // Of every operation the second event: the third has to wait for it.
    if (!event.id.endsWith('.2') || misbehave === undefined) return true;
    return void misbehave(response);
  });
  const { relay } = await aRelay(sink, receiver.url, 1_000);
  const opIds = await settledPayments(here, 4);

  await delivered(relay, sink);

  const wanted = opIds.flatMap((opId) => [1, 2, 3].map((seq) => `${opId}.${seq}`));
  const taken = receiver.events.filter(({ subject }) => opIds.some((opId) => opId === subject));
  expect(taken.map(({ id }) => id).toSorted()).toEqual(wanted.toSorted());
  expect(disorder(receiver.events)).toEqual([]);
  for (const opId of opIds) {
    const asked = receiver.requests.filter(({ event }) => event.id === `${opId}.2`);
    expect(asked.length).toBeGreaterThan(misbehaviours.length);
    expect(new Set(asked.map(({ webhookId }) => webhookId))).toEqual(new Set([`${opId}-2`]));
  }
});

test('holds no other operation up because of one whose event is never answered', async () => {
  const stuck: string[] = [];
  const receiver = await aReceiver(secret, ({ event }) => !stuck.includes(event.subject));
  const { relay } = await aRelay('stuck', receiver.url, 1_000);
  const [first = '', ...others] = await settledPayments(here, 3);
  stuck.push(first);

  await eventually(async () => {
    await relay.once();
    expect(await owed('stuck')).toBe(3);
  });

  expect(receiver.events.map(({ subject }) => subject)).not.toContain(first);
  for (const opId of others) {
    expect(receiver.events.filter(({ subject }) => subject === opId)).toHaveLength(3);
  }
});

test('sets aside at once what a receiver wants no more, and says so', async () => {
  const gone: string[] = [];
  const receiver = await aReceiver(secret, ({ event }, _attempt, response) => {
    if (!gone.includes(event.id)) return true;
    return void response.writeHead(410).end();
  });
  const { relay, faults } = await aRelay('gone', receiver.url);
  const [opId = ''] = await settledPayments(here, 1);
  gone.push(`${opId}.1`);

  while ((await relay.once()) > 0);

  const letters = createDeadLetters(database);
  const [row] = await here.world.rows<{ tenant: string }>(
    'select tenant from ledger.operation where op_id = $1',
    opId,
  );
  expect(await letters.list(row?.tenant ?? '', 'gone', 10)).toMatchObject([
    { eventId: `${opId}.1`, attempts: 1, reason: 'the receiver answered 410: it wants no more' },
  ]);
  expect(faults).toEqual(['the receiver answered 410: it wants no more']);
  expect(receiver.events.map(({ id }) => id)).toEqual(
    expect.arrayContaining([`${opId}.2`, `${opId}.3`]),
  );
});

test('asks again no sooner than the receiver wants, an hour at most', async () => {
  const waits: Record<string, string> = {};
  const receiver = await aReceiver(secret, ({ event }, attempt, response) => {
    const wait = waits[event.id];
    if (wait === undefined || attempt > 1) return true;
    return void response.writeHead(503, { 'retry-after': wait }).end();
  });
  const { relay } = await aRelay('later', receiver.url);
  const [short = '', long = ''] = await settledPayments(here, 2);
  Object.assign(waits, { [`${short}.1`]: '600', [`${long}.1`]: '99999' });
  const firsts = () =>
    receiver.events.map(({ id }) => id).filter((id) => id === `${short}.1` || id === `${long}.1`);
  const after = async (seconds: number) => {
    await clock.forward(seconds);
    while ((await relay.once()) > 0);
    return firsts();
  };

  expect(await after(0)).toEqual([]);
  expect(await after(590)).toEqual([]);
  expect(await after(20)).toEqual([`${short}.1`]);
  expect(await after(2_900)).toEqual([`${short}.1`]);
  expect(await after(110)).toEqual([`${short}.1`, `${long}.1`]);
});

async function aRelay(name: string, url: string, timeoutMs = 20_000) {
  const events = createEvents(database, name);
  await events.open();
  const faults: string[] = [];
  const sink = createWebhookSink({ url, secrets: [secret], timeoutMs });
  const relay = createRelay({
    ...{ events, sink, retryMs: 24 * 3_600_000 },
    onFault: (error) => faults.push((error as Error).message),
  });
  return { relay, faults };
}

/** Until the sink has all, with as much time going by as that needs. */
async function delivered(relay: { once(): Promise<number> }, sink: string) {
  for (let round = 0; round < 100; round += 1) {
    while ((await relay.once()) > 0);
    if ((await owed(sink)) === 0) return;
    await clock.forward(60);
  }
}

async function owed(sink: string): Promise<number> {
  const [row] = await here.world.rows<{ n: number }>(
    `select (select count(*) from ledger.delivery where sink = $1 and dead_at is null)::int
          + (select count(*) from ledger.outbox where published_at is null)::int as n`,
    sink,
  );
  return row?.n ?? -1;
}
