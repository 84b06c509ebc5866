import { setTimeout as pause } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import { aRelay } from '../main/a-relay.js';
import { envelopesOf } from '../support/envelopes.js';
import { eventually } from '../support/eventually.js';
import { slowSweepTimeoutMs, swept } from '../support/rounds.js';
import { aRunningWorld, type RunningWorld } from '../support/running-world.js';
import { booksOf, plenty } from './running-races.js';

const owners = 20;
const lifeMs = 4_000;

let world: RunningWorld;
beforeAll(async () => {
  world = await aRunningWorld();
  // Nobody of them is told too much.
  await world.work({ notices: (honest) => ({ ...honest, limitPerHour: plenty }) });
});
afterAll(() => world.close());

test('told-once: every payment is told once, although relays are killed in the middle', {
  timeout: slowSweepTimeoutMs,
}, async (context) => {
  const payers: string[] = [];
  while (payers.length < owners) payers.push(await aPayer());
  const shop = await world.account(0);
  const paid: OpId[] = [];
  const relays = await dyingRelays();
  const isTold = async () => expect(await open()).toEqual({ owed: 0, running: 0 });
  let killed = 0;
  try {
    // As many at once as the worker leaves connections for.
    await swept(context, 'told-once', { books: booksOf(world), atOnce: 5 }, async (_, n) => {
      paid.push(await settled(payers[n % owners] ?? '', shop));
      if (n % owners === 0) await underWay(1_000);
    });
    await eventually(isTold, { timeoutMs: 60_000 + paid.length * 100, everyMs: 500 });
  } finally {
    killed = await relays.stop();
  }

  const rows = await world.database.owner<{ payment: OpId; opId: OpId; state: string }[]>`
      select parent_op_id as payment, op_id as "opId", state from ledger.operation
       where domain = 'Notification'`;
  const lines = world.post.mailbox.sends('');
  expect(rows.map(({ payment }) => payment).sort()).toEqual([...paid].sort());
  expect(rows.filter(({ state }) => state !== 'COMPLETED')).toEqual([]);
  // What came twice came under one id: each of them is of one notice, and each notice has one.
  const ids = new Set(lines.map(({ deliveryId }) => deliveryId));
  const noticed = [...ids].map((id) => id.split(':')[0] ?? '');
  expect(noticed.sort()).toEqual(rows.map(({ opId }) => String(opId)).sort());
  expect(killed).toBeGreaterThan(0);
  process.stdout.write(
    `notices: ${ids.size} told, ${lines.length - ids.size} twice, ${killed} relays killed\n`,
  );
});

async function aPayer(): Promise<string> {
  const owner = `owner-${nanoid(8)}`;
  await world.post.recipient({ owner });
  return world.account(1_000_000_00, { owner });
}

/** A transfer by the verbs alone: what is looked at begins with its event. */
async function settled(account: string, payTo: string): Promise<OpId> {
  const envelope = envelopesOf(world.tenant).payment({
    ...{ account, payTo, amount: 1, method: 'balance' },
  });
  const held = await world.ledger.hold(envelope);
  if (held.kind === 'held') await world.ledger.settle(envelope.opId, { kind: 'internal' });
  return envelope.opId;
}

/** What is still to be told, by events and by notices. */
async function open() {
  const [row] = await world.database.owner<{ owed: number; running: number }[]>`
    select (select count(*) from ledger.outbox where published_at is null)::int
             + (select count(*) from ledger.delivery)::int as owed,
           (select count(*) from ledger.operation
             where state in ('PENDING', 'IN_PROGRESS'))::int as running`;
  return row;
}

/** Waits until no more than so many are told at once: the queue of a test server has an end. */
async function underWay(most: number): Promise<void> {
  for (;;) {
    const { owed = 0, running = 0 } = (await open()) ?? {};
    if (owed + running <= most) return;
    await pause(200);
  }
}

/** Two at a time, of which one is killed ever again and another takes its place. */
async function dyingRelays() {
  const start = (n: number) =>
    aRelay(`relay-${n}`, {
      ...{ DATABASE_URL: world.database.workerUrl, EVENT_SINKS: 'notices', LOG_LEVEL: 'error' },
      ...{ TEMPORAL_ADDRESS: world.temporalAddress, TEMPORAL_NAMESPACE: world.namespace },
      HOLDFAST_TASK_QUEUE: world.taskQueue,
      PAYLOAD_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    });
  const alive = await Promise.all([start(0), start(1)]);
  const stopping = new AbortController();
  let killed = 0;
  const killing = (async () => {
    while (!stopping.signal.aborted) {
      await pause(lifeMs);
      await alive.shift()?.kill();
      killed += 1;
      alive.push(await start(killed + 1));
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await killing;
      return killed;
    },
  };
}
