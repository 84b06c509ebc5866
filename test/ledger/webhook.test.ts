import { nanoid } from 'nanoid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import { type OpId, type OutsideAnswer, referenceOf } from '../../src/domain/index.js';
import { createInbox, type Inbox } from '../../src/ledger/index.js';
import { aWorld } from './world.js';

const here = aWorld();
let gateway: Database;
let inbox: Inbox;
beforeAll(() => {
  const settings = { poolMax: 5, applicationName: 'test-inbox' };
  gateway = createDatabase({ ...settings, url: here.world.urls.readerUrl });
  inbox = createInbox(gateway);
});
afterAll(() => gateway.close(1_000));

const at = Date.parse('2026-01-31T12:00:00.250Z');
const captured = (reference: string, chargeId = 'ch_1') =>
  ({ kind: 'captured', reference, chargeId, minor: 1, currency: 'EUR' }) satisfies OutsideAnswer;
const anEvent = (reference: string, eventId = nanoid()) => ({
  ...{ provider: 'sandbox', eventId, type: 'charge.captured', reference, at },
  evidence: captured(reference),
});
const keyOf = (opId: OpId) => referenceOf(opId, 'charge.1', 1);

/** An operation of a tenant of its own, that waits for its charge. */
async function aHeldPayment() {
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 100 });
  const { opId } = await tenant.held({ account: 'alice', amount: 1 });
  return { tenant, opId, reference: keyOf(opId) };
}

function rowsOf(eventId: string) {
  return here.world.rows<Record<string, unknown>>(
    'select * from ledger.webhook where event_id = $1',
    eventId,
  );
}

describe('an event', () => {
  test('is stored with the operation whose attempt it names, and moves nothing', async () => {
    const { tenant, opId, reference } = await aHeldPayment();
    const event = anEvent(reference);
    const before = await tenant.everything();

    const recorded = await inbox.record(event);

    expect(recorded).toEqual({
      fresh: true,
      ...{ provider: 'sandbox', eventId: event.eventId, state: 'received' },
      evidence: event.evidence,
      op: {
        ...{ tenant: tenant.tenant, opId, state: 'IN_PROGRESS', outcome: null, known: null },
        trace: expect.stringMatching(/^[0-9a-f]{32}$/),
      },
    });
    expect(await tenant.everything()).toBe(before);
    const [{ happened_at: happenedAt, ...row } = {}] = await rowsOf(event.eventId);
    expect(row).toMatchObject({
      ...{ provider: 'sandbox', type: 'charge.captured', reference, evidence: event.evidence },
      ...{ op_id: opId, tenant: tenant.tenant, state: 'received' },
      ...{ applied_at: null, reason: null },
    });
    expect(Date.parse(String(happenedAt))).toBe(at);
  });

  test('five times at once is one row, and fresh for one of them', async () => {
    const { opId, reference } = await aHeldPayment();
    const event = anEvent(reference);

    const recorded = await Promise.all(Array.from({ length: 5 }, () => inbox.record(event)));

    expect(recorded.filter(({ fresh }) => fresh)).toHaveLength(1);
    expect(recorded.map(({ op }) => op?.opId)).toEqual(Array.from({ length: 5 }, () => opId));
    expect(await rowsOf(event.eventId)).toHaveLength(1);
  });

  test('repeated with another content stays what it was first', async () => {
    const { reference } = await aHeldPayment();
    const event = anEvent(reference);
    await inbox.record(event);

    const again = await inbox.record({ ...event, evidence: captured(reference, 'ch_2') });

    expect(again).toMatchObject({ fresh: false, evidence: event.evidence });
    expect(await rowsOf(event.eventId)).toMatchObject([{ evidence: event.evidence }]);
  });

  test('of another provider under the same id is another event', async () => {
    const { reference } = await aHeldPayment();
    const event = anEvent(reference);

    const recorded = [
      await inbox.record(event),
      await inbox.record({ ...event, provider: 'elsewhere' }),
    ];

    expect(recorded.map(({ fresh }) => fresh)).toEqual([true, true]);
    expect(await rowsOf(event.eventId)).toHaveLength(2);
  });

  test.each([
    ['an operation that is not there', (opId: string) => `${opId.slice(0, -1)}_:charge.1:1`],
    ['an attempt that was never made', (opId: string) => `${opId}:charge.1:2`],
    ['a step that was never made', (opId: string) => `${opId}:refund.1:1`],
    ['an operation without an attempt', (opId: string) => opId],
  ])('about %s matches none', async (_, referenceFor) => {
    const { opId } = await aHeldPayment();

    const recorded = await inbox.record(anEvent(referenceFor(opId)));

    expect(recorded).toMatchObject({ fresh: true, op: null });
    expect(await rowsOf(recorded.eventId)).toMatchObject([{ op_id: null, tenant: null }]);
  });

  test('without a reference and without evidence is stored as that', async () => {
    const event = { provider: 'sandbox', eventId: nanoid(), type: 'dispute.opened', at };

    expect(await inbox.record(event)).toMatchObject({ fresh: true, evidence: null, op: null });
  });

  test('of a final operation shows how that ended', async () => {
    const { opId, reference } = await aHeldPayment();
    await here.world.ledger.settle(opId, captured(reference));

    const { op } = await inbox.record(anEvent(reference));

    expect(op).toMatchObject({
      state: 'COMPLETED',
      outcome: { kind: 'settled', chargeId: 'ch_1', minor: 1, currency: 'EUR' },
    });
  });
});

describe('a decision about an event', () => {
  test.each([
    [{ state: 'applied' } as const, { applied_at: expect.any(String), reason: null }],
    [
      { state: 'ignored', reason: 'no-evidence' } as const,
      { applied_at: null, reason: 'no-evidence' },
    ],
    [
      { state: 'held', reason: 'operation-closed' } as const,
      { applied_at: null, reason: 'operation-closed' },
    ],
  ])('%o is written once, and another changes nothing', async (verdict, written) => {
    const { reference } = await aHeldPayment();
    const event = anEvent(reference);
    await inbox.record(event);

    const first = await inbox.decide(event, verdict);
    const row = await rowsOf(event.eventId);
    const others = [
      await inbox.decide(event, verdict),
      await inbox.decide(event, { state: 'held', reason: 'workflow-missing' }),
    ];

    expect([first, ...others]).toEqual([true, false, false]);
    expect(row).toMatchObject([{ state: verdict.state, ...written }]);
    expect(await rowsOf(event.eventId)).toEqual(row);
    expect(await inbox.record(event)).toMatchObject({ fresh: false, state: verdict.state });
  });

  test('that it was applied is refused without an operation it was applied to', async () => {
    const event = anEvent('op_nobody:charge.1:1');
    await inbox.record(event);

    await expect(inbox.decide(event, { state: 'applied' })).rejects.toMatchObject({
      code: '23514',
    });
  });

  test('about one that was never stored is none', async () => {
    const event = { provider: 'sandbox', eventId: nanoid() };

    expect(await inbox.decide(event, { state: 'applied' })).toBe(false);
  });
});

test('what waits is what nobody decided, oldest first, so many at most', async () => {
  const { reference } = await aHeldPayment();
  const events = Array.from({ length: 4 }, () => anEvent(reference));
  for (const event of events) await inbox.record(event);
  const [first, second, third, fourth] = events.map(({ eventId }) => eventId);
  await inbox.decide({ provider: 'sandbox', eventId: second ?? '' }, { state: 'applied' });

  const waiting = await inbox.waiting(1_000);
  const ids = waiting.map(({ eventId }) => eventId);

  expect(ids.slice(-3)).toEqual([first, third, fourth]);
  expect(waiting.at(-1)).toEqual({
    ...{ provider: 'sandbox', eventId: fourth, state: 'received', evidence: captured(reference) },
    op: expect.objectContaining({ state: 'IN_PROGRESS' }),
  });
  expect((await inbox.waiting(2)).map(({ eventId }) => eventId)).toEqual(ids.slice(0, 2));
});
