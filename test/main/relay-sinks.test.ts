import { expect, onTestFinished, test } from 'vitest';
import type { CloudEvent } from '../../src/outbox/index.js';
import { freePort } from '../../src/servers/index.js';
import { aWorld } from '../ledger/world.js';
import { aReceiver, aSecret, textOf } from '../outbox/a-receiver.js';
import { aStream } from '../outbox/a-stream.js';
import { eventually } from '../support/eventually.js';
import { startNatsServer } from '../support/nats-server/start-nats-server.js';
import { aRelay } from './a-relay.js';

const here = aWorld();
const secret = aSecret(9);

test('serves every sink, and the others while the server of one is away', async () => {
  const port = await freePort();
  const receiver = await aReceiver(secret);
  const logged: string[] = [];
  await aRelay(
    'relay',
    {
      ...{ DATABASE_URL: here.world.urls.workerUrl, EVENT_SINKS: 'log,webhook,nats' },
      ...{ EVENT_WEBHOOK_URL: receiver.url, EVENT_WEBHOOK_LOOPBACK: 'on' },
      ...{ EVENT_WEBHOOK_SECRETS: textOf(secret), NATS_URL: `nats://127.0.0.1:${port}` },
    },
    (line) => logged.push(line),
  );
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 100 });

  await eventually(() => expect(receiver.events).toHaveLength(2));
  const server = await startNatsServer({ port });
  onTestFinished(server.stop);
  const stream = await aStream(server.url);
  const published: CloudEvent[] = [];
  await eventually(async () => {
    published.push(...(await stream.take('monitor')));
    expect(published).toHaveLength(2);
  });

  const lines = logged.map((line) => JSON.parse(line) as Partial<CloudEvent> & { level?: string });
  const ids = (events: readonly Partial<CloudEvent>[]) => new Set(events.map(({ id }) => id));
  const written = lines.filter(({ level }) => level === undefined);
  expect(ids(written)).toEqual(ids(receiver.events));
  expect(ids(published)).toEqual(ids(receiver.events));
  expect(lines).toContainEqual(
    expect.objectContaining({ message: 'no stream for events yet', sink: 'nats' }),
  );
  expect(logged.join()).not.toContain(textOf(secret));
}, 300_000);
