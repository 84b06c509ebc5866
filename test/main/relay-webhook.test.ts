import { expect, test } from 'vitest';
import { aWorld } from '../ledger/world.js';
import { aReceiver, aSecret, textOf } from '../outbox/a-receiver.js';
import { disorder } from '../outbox/disorder.js';
import { eventually } from '../support/eventually.js';
import { aRelay } from './a-relay.js';

const here = aWorld();
const secret = aSecret(8);

test('loses no event when a relay dies between the answer of a receiver and the mark', async () => {
  let held: string | undefined;
  const receiver = await aReceiver(secret, ({ event }) => {
    // The first of its lease that waits: those beside it are answered, and not marked before it is.
    held ??= receiver.events.length > 0 ? event.id : undefined;
    return event.id !== held;
  });
  const environment = {
    ...{ DATABASE_URL: here.world.urls.workerUrl, EVENT_SINKS: 'webhook' },
    ...{ EVENT_WEBHOOK_URL: receiver.url, EVENT_WEBHOOK_LOOPBACK: 'on' },
    EVENT_WEBHOOK_SECRETS: textOf(secret),
  };
  await someEvents();
  const doomed = await aRelay('doomed', environment);
  const { events, requests } = receiver;
  await eventually(async () => expect(events.length).toBeGreaterThan((await marked()) + 10));
  await doomed.kill();
  const answered = events.length - (await marked());
  held = 'nothing';

  await aRelay('other', environment);
  await eventually(async () => expect(await owed()).toBe(0), { timeoutMs: 40_000 });

  expect(answered).toBeGreaterThan(0);
  const [row] = await here.world.rows<{ n: number }>(
    'select count(*)::int as n from ledger.outbox',
  );
  expect(events).toHaveLength(row?.n ?? -1);
  expect(disorder(events)).toEqual([]);
  expect(requests.length).toBeGreaterThanOrEqual(events.length + answered);
}, 120_000);

async function someEvents() {
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 10_000 });
  await Promise.all(
    Array.from({ length: 60 }, async () => {
      const { opId } = await tenant.held({ account: 'alice', amount: 10 });
      await here.world.ledger.notePhase(opId, 'doubt.1', 'in-doubt', {});
    }),
  );
}

async function owed(): Promise<number> {
  const [row] = await here.world.rows<{ n: number }>(
    `select (select count(*) from ledger.outbox where published_at is null)::int
          + (select count(*) from ledger.delivery)::int as n`,
  );
  return row?.n ?? -1;
}

/** Events that the sink is no longer owed. */
async function marked(): Promise<number> {
  const [row] = await here.world.rows<{ n: number }>(
    `select (select count(*) from ledger.outbox where published_at is not null)::int
          - (select count(*) from ledger.delivery)::int as n`,
  );
  return row?.n ?? -1;
}
