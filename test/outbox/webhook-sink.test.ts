import type { ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { type CloudEvent, createWebhookSink, type Refusal } from '../../src/outbox/index.js';
import { eventually } from '../support/eventually.js';
import { aReceiver, aSecret, textOf } from './a-receiver.js';

const secret = aSecret(5);
const older = aSecret(6);

const event: CloudEvent = {
  ...{ specversion: '1.0', id: 'op_one.3', source: '/holdfast/tenants/a', type: 'payment.settled' },
  ...{ subject: 'op_one', time: '2026-11-21T10:00:00.000Z', datacontenttype: 'application/json' },
  ...{ traceid: 'f'.repeat(32), data: { minor: 12_50, note: 'späte Zahlung' } },
};

test('posts an event as it is, signed, under an id that stays the same', async () => {
  const receiver = await aReceiver(secret);
  const sink = aSink(receiver.url);

  expect([await sink.publish(event), await sink.publish(event)]).toEqual([undefined, undefined]);

  expect(receiver.requests.map((each) => each.event)).toEqual([event, event]);
  expect(receiver.requests.map(({ webhookId }) => webhookId)).toEqual(['op_one-3', 'op_one-3']);
  expect(receiver.requests[0]?.headers['content-type']).toMatch(/^application\/cloudevents\+json/);
  expect(receiver.events).toHaveLength(1);
});

test.each([
  ['the new secret', secret],
  ['the old one', older],
])('is genuine for who knows %s alone, while both sign', async (_, known) => {
  const receiver = await aReceiver(known);

  await aSink(receiver.url, { secrets: [secret, older] }).publish(event);

  expect(receiver.events).toEqual([event]);
});

test('is genuine for nobody when a byte of it is another', async () => {
  const receiver = await aReceiver(secret);
  await aSink(receiver.url).publish(event);
  const headers = receiver.requests[0]?.headers as Record<string, string>;

  const forged = JSON.stringify({ ...event, subject: 'op_two' });

  expect(() => new Webhook(textOf(secret)).verify(forged, headers)).toThrow('No matching');
});

const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();

test.each<[string, (response: ServerResponse) => unknown, Partial<Refusal>]>([
  ['500', answering(500), { reason: 'the receiver answered 500' }],
  ['404', answering(404), { reason: 'the receiver answered 404' }],
  ['410', answering(410), { reason: 'the receiver answered 410: it wants no more', forGood: true }],
  [
    'a redirect inside',
    answering(302, { location: 'http://169.254.169.254/latest/meta-data' }),
    { reason: 'the receiver answered 302' },
  ],
  ['429 and a wait', answering(429, { 'retry-after': '120' }), { retryAfterMs: 120_000 }],
  ['503 for days', answering(503, { 'retry-after': '864000' }), { retryAfterMs: 3_600_000 }],
  [
    '503 until a moment long ago',
    answering(503, { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }),
    { retryAfterMs: 0 },
  ],
  ['503 and no moment', answering(503, { 'retry-after': 'soon' }), { retryAfterMs: 0 }],
  ['nothing', () => undefined, { reason: 'the receiver did not answer: TimeoutError' }],
  [
    'half a head',
    ({ socket }) => socket?.write('HTTP/1.1 200 OK\r\nx-half:'),
    { reason: 'the receiver did not answer: TimeoutError' },
  ],
  [
    'the end of the connection, after reading',
    ({ socket }) => socket?.destroy(),
    { reason: 'the receiver did not answer: UND_ERR_SOCKET' },
  ],
])('takes %s for no', async (_, behave, refusal) => {
  const receiver = await aReceiver(secret, (_received, _attempt, response) => {
    behave(response);
  });

  // Only where it has to end so: a machine may be busy.
  const timeoutMs = refusal.reason?.endsWith('TimeoutError') ? 2_000 : 20_000;
  const answer = await aSink(receiver.url, { timeoutMs }).publish(event);

  expect(answer).toMatchObject({ forGood: false, ...refusal });
  expect(receiver.requests).toHaveLength(1);
});

test('waits until the moment that Retry-After names', async () => {
  const receiver = await aReceiver(secret, (_received, _attempt, response) => {
    response.writeHead(503, { 'retry-after': inAnHour }).end();
  });

  const answer = await aSink(receiver.url).publish(event);

  expect(answer?.retryAfterMs).toBeGreaterThan(3_000_000);
  expect(answer?.retryAfterMs).toBeLessThanOrEqual(3_600_000);
});

test('takes a yes with a body that never ends, and reads little of it', async () => {
  const chunk = Buffer.alloc(65_536);
  let written = 0;
  let cut = false;
  const receiver = await aReceiver(secret, (_received, _attempt, response) => {
    const pour = () => {
      let more = !response.destroyed;
      while (more) {
        written += chunk.length;
        more = response.write(chunk) && !response.destroyed;
      }
    };
    response.on('drain', pour).on('close', () => {
      cut = true;
    });
    response.writeHead(200);
    pour();
  });

  const answer = await aSink(receiver.url).publish(event);

  expect(answer).toBeUndefined();
  await eventually(() => expect(cut).toBe(true));
  // What the system's own buffers hold on both ends comes on top of what we read.
  expect(written).toBeLessThan(16 * 1_024 * 1_024);
});

test.each([
  ...['http://169.254.169.254/', 'http://10.0.0.1/', 'http://example.com/', 'http://0/'],
  ...['https://localhost@169.254.169.254/', 'https://127.0.0.1/', 'https://127.1/'],
  ...['https://2130706433/', 'https://0x7f.1/', 'https://0177.0.0.1/', 'https://[::1]/'],
  ...['https://[::ffff:10.0.0.1]/', 'https://[::7f00:1]/', 'https://[64:ff9b::a00:1]/'],
  ...['https://100.64.0.1/', 'https://224.0.0.1/', 'https://192.168.1.1:22/', 'https://0/'],
  ...['https://[fe80::1]/', 'https://[fd00::1]/', 'https://[2002:a00:1::]/'],
  ...['https://user:word@example.com/', 'file:///etc/passwd', 'gopher://example.com/', 'x'],
])('goes nowhere at %s', (url) => {
  expect(() => createWebhookSink({ url, secrets: [secret] })).toThrow(RangeError);
});

test.each([
  ['127.0.0.1'],
  ['10.1.2.3'],
  ['172.16.0.1'],
  ['169.254.169.254'],
  ['100.100.0.1'],
  ['::1'],
  ['fe80::1'],
  ['::ffff:127.0.0.1'],
  ['93.184.216.34', '127.0.0.1'],
  [],
])('connects to nobody when the name turns out to mean %s', async (...addresses: string[]) => {
  const receiver = await aReceiver(secret);
  const { port } = new URL(receiver.url);
  const sink = aSink(`https://events.example.com:${port}/`, {
    lookup: (_name, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
  });

  const answer = await sink.publish(event);

  expect(answer).toEqual({
    ...{ reason: 'the receiver did not answer: ADDRESS_NOT_ALLOWED', forGood: false },
  });
  expect(receiver.connections()).toBe(0);
});

test('looks a name up again for each connection, and trusts no earlier answer', async () => {
  const receiver = await aReceiver(secret, (_received, _attempt, { socket }) => socket?.destroy());
  const url = receiver.url.replace('127.0.0.1', 'localhost');
  const meanings = ['127.0.0.1', '169.254.169.254'];
  const sink = aSink(url, {
    lookup: (_name, _options, done) => done(null, [{ address: meanings.shift() ?? '', family: 4 }]),
  });

  const answers = [await sink.publish(event), await sink.publish(event)];

  expect(answers.map((answer) => answer?.reason)).toEqual([
    'the receiver did not answer: UND_ERR_SOCKET',
    'the receiver did not answer: ADDRESS_NOT_ALLOWED',
  ]);
});

test('goes by the name of this machine where the system finds it', async () => {
  const receiver = await aReceiver(secret);

  await aSink(receiver.url.replace('127.0.0.1', 'localhost')).publish(event);

  expect(receiver.events).toEqual([event]);
});

test('tells neither its secrets nor the URL in what it refuses with', async () => {
  const sink = aSink('http://127.0.0.1:1/events?key=hunter2');

  const answer = await sink.publish(event);

  expect(answer).toEqual({ reason: 'the receiver did not answer: ECONNREFUSED', forGood: false });
});

function answering(status: number, headers = {}) {
  return (response: ServerResponse) => response.writeHead(status, headers).end();
}

type Given = Partial<Parameters<typeof createWebhookSink>[0]>;

function aSink(url: string, given: Given = {}) {
  const sink = createWebhookSink({ url, secrets: [secret], timeoutMs: 20_000, ...given });
  onTestFinished(() => void sink.close?.());
  return sink;
}
