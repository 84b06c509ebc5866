import { afterAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { createEvents } from '../../src/ledger/index.js';
import { type CloudEvent, createRelay, type Refusal } from '../../src/outbox/index.js';
import { captureOf } from '../support/envelopes.js';
import { aWorld } from '../ledger/world.js';
import { aClock } from './a-clock.js';
import { disorder } from './disorder.js';

const here = aWorld();
const clock = aClock(here);
let database: Database | undefined;
afterAll(() => database?.close(1_000));

test('hands on each event once, in the order of its operation, as CloudEvents', async () => {
  const payments = await somePayments(3);
  const { relay, taken } = await aRelay();

  while ((await relay.once()) > 0);

  expect(disorder(taken)).toEqual([]);
  expect(ids(taken)).toHaveLength(new Set(ids(taken)).size);
  expect(await owed()).toBe(0);
  const [payment] = payments;
  const own = taken.filter(({ subject }) => subject === payment?.opId);
  expect(own).toMatchObject([
    {
      ...{ specversion: '1.0', id: `${payment?.opId}.1`, type: 'hold.held' },
      ...{ source: `/holdfast/tenants/${payment?.tenant}`, traceid: payment?.trace },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      data: { kind: 'held', minor: 10 },
    },
    { id: `${payment?.opId}.2`, type: 'payment.settled' },
  ]);
});

test('lends nothing that comes after an event which has not left', async () => {
  await somePayments(2);
  const { events } = await aRelay();

  const lent = await events.lease(100, 60_000);
  const more = await events.lease(100, 60_000);

  expect(new Set(lent.map(({ opId }) => opId)).size).toBe(lent.length);
  expect(more).toEqual([]);
  expect(await events.deliver(lent.map(({ id }) => id))).toBe(lent.length);
  expect(await events.deliver(lent.map(({ id }) => id))).toBe(0);
  await drained();
});

test('keeps what nobody took, with what comes after it, and tries ever more seldom', async () => {
  const [first, second] = await somePayments(2);
  const refused: string[] = [];
  const { relay, taken } = await aRelay({
    sink: async (event) => {
      if (event.subject === first?.opId && refused.length < 2) throw new Error('not now');
    },
    onFault: (_, event) => refused.push(event?.id ?? ''),
  });

  while ((await relay.once()) > 0);
  const before = ids(taken).filter((id) => id.startsWith(`${first?.opId}`));
  await clock.forward(2);
  while ((await relay.once()) > 0);
  while ((await relay.once()) > 0);
  await clock.forward(3);
  while ((await relay.once()) > 0);

  expect(refused).toEqual([`${first?.opId}.1`, `${first?.opId}.1`]);
  expect(before).toEqual([]);
  expect(ids(taken)).toEqual(expect.arrayContaining([1, 2].map((n) => `${first?.opId}.${n}`)));
  expect(ids(taken)).toEqual(expect.arrayContaining([1, 2].map((n) => `${second?.opId}.${n}`)));
  expect(disorder(taken)).toEqual([]);
  expect(await owed()).toBe(0);
});

test.each(['between publish and mark', 'before it publishes'])(
  'loses no event and keeps the order when one of two relays dies %s',
  async (moment) => {
    await somePayments(40);
    const whole = await unhanded();
    const taken: CloudEvent[] = [];
    const dead = new Promise<never>(() => {});
    let left = 15;
    // It never comes back from this call, as a process that was killed in it.
    const dies: Publish = (event) => {
      left -= 1;
      if (left > 0 || moment === 'between publish and mark') taken.push(event);
      return left > 0 ? Promise.resolve() : dead;
    };
    const faults: unknown[] = [];
    const onFault = (fault: unknown) => faults.push(fault);
    const dying = await aRelay({ sink: dies, batchMax: 5, taken: [], onFault });
    const living = await aRelay({ batchMax: 5, taken, onFault });

    const stop = new AbortController();
    void dying.relay.run(stop.signal);
    const ran = living.relay.run(stop.signal);
    await expect.poll(() => left, { timeout: 10_000 }).toBeLessThanOrEqual(0);
    await clock.forward(11);
    await expect.poll(owed, { timeout: 10_000 }).toBe(0);
    stop.abort();
    await ran;

    expect(new Set(ids(taken)).size).toBe(whole);
    expect(disorder(firsts(taken))).toEqual([]);
    // What the dead one had taken and not marked comes again; nothing else does.
    expect(faults).toEqual([]);
    expect(taken.length - whole).toBeLessThanOrEqual(5);
  },
);

test('ends its batch when it is told to stop, and says how much that was', async () => {
  await somePayments(3);
  const stop = new AbortController();
  const { relay, taken } = await aRelay({ sink: async () => stop.abort() });
  const before = await owed();

  const ended = await relay.run(stop.signal);

  expect(taken.length).toBeGreaterThan(1);
  expect(ended).toEqual({ drained: taken.length, interrupted: 0 });
  expect(await owed()).toBe(before - taken.length);
  await drained();
});

test('gives up a batch that nobody takes when it is told to stop', async () => {
  await somePayments(3);
  const stop = new AbortController();
  let take = () => {};
  const nobody = new Promise<void>((resolve) => {
    take = resolve;
  });
  const sink: Publish = () => {
    stop.abort();
    return nobody;
  };
  const { relay } = await aRelay({ sink, drainMs: 1 });

  const ended = await relay.run(stop.signal);

  expect(ended).toEqual({ drained: 0, interrupted: expect.any(Number) });
  expect(ended.interrupted).toBeGreaterThan(1);
  take();
  await drained();
});

/** Payments held and settled, with the events of all that was needed for them. */
async function somePayments(count: number) {
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 1_000 });
  const payments = await Promise.all(
    Array.from({ length: count }, () => tenant.held({ account: 'alice', amount: 10 })),
  );
  await Promise.all(
    payments.map((payment) => here.world.ledger.settle(payment.opId, captureOf(payment))),
  );
  return payments;
}

type Publish = (event: CloudEvent) => Promise<Refusal | void>;

interface Given {
  readonly name?: string;
  readonly retryMs?: number;
  readonly sink?: Publish;
  readonly onFault?: (error: unknown, event?: CloudEvent) => void;
  readonly batchMax?: number;
  readonly drainMs?: number;
  readonly taken?: CloudEvent[];
}

async function aRelay(given: Given = {}) {
  const url = here.world.urls.workerUrl;
  database ??= createDatabase({ url, poolMax: 4, applicationName: 'test-relay' });
  const taken = given.taken ?? [];
  const events = createEvents(database, given.name ?? 'log');
  await events.open();
  const relay = createRelay({
    events,
    sink: {
      publish: async (event) => {
        const refusal = await given.sink?.(event);
        if (refusal) return refusal;
        taken.push(event);
        return undefined;
      },
    },
    onFault: given.onFault ?? (() => undefined),
    ...(given.batchMax !== undefined && { batchMax: given.batchMax }),
    ...(given.drainMs !== undefined && { drainMs: given.drainMs }),
    ...(given.retryMs !== undefined && { retryMs: given.retryMs }),
    idleMs: 5,
  });
  return { relay, events, taken };
}

async function drained() {
  const { relay } = await aRelay();
  while ((await relay.once()) > 0);
}

/** Events that are no delivery yet. */
async function unhanded(): Promise<number> {
  const [row] = await here.world.rows<{ n: number }>(
    'select count(*)::int as n from ledger.outbox where published_at is null',
  );
  return row?.n ?? -1;
}

/** What the log has not taken yet. */
async function owed(): Promise<number> {
  const [row] = await here.world.rows<{ n: number }>(
    `select count(*)::int as n from ledger.delivery where sink = 'log' and dead_at is null`,
  );
  return (await unhanded()) + (row?.n ?? -1);
}

function ids(taken: readonly CloudEvent[]): readonly string[] {
  return taken.map(({ id }) => id);
}

function firsts(taken: readonly CloudEvent[]): readonly CloudEvent[] {
  return taken.filter(({ id }, at) => ids(taken).indexOf(id) === at);
}
