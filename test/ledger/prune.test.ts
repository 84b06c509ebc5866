import { nanoid } from 'nanoid';
import { expect, test } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import type { OperationEvent, OpId } from '../../src/domain/index.js';
import {
  createDeadLetters,
  createEvents,
  createFindings,
  createInbox,
  createPrune,
} from '../../src/ledger/index.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();

test('forgets what is long over, in batches, and nothing that waits or that proves', async () => {
  const url = here.world.urls.workerUrl;
  const database = createDatabase({ url, poolMax: 2, applicationName: 'test-prune' });
  try {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    await anEnded(tenant);
    await anEnded(tenant);
    const inbox = createInbox(database);
    const event = () => ({
      provider: 'sandbox',
      eventId: nanoid(),
      type: 'charge.captured',
      at: 0,
    });
    const [ignored, held, fresh] = [event(), event(), event()];
    for (const one of [ignored, held, fresh]) await inbox.record(one);
    await inbox.decide(ignored, { state: 'ignored', reason: 'no-evidence' });
    await inbox.decide(held, { state: 'held', reason: 'operation-unknown' });
    await inbox.decide(fresh, { state: 'ignored', reason: 'no-evidence' });
    const findings = createFindings(database);
    const seen = ['one', 'two'].map((subject) => ({
      kind: 'unknown-charge',
      subject,
      evidence: {},
    }));
    await findings.see('sweep-1', ['one', 'two'], seen, 0);
    await findings.see('sweep-2', ['one'], [], 0);
    await published();
    await aged(fresh.eventId);
    const before = await counts();
    const prune = createPrune(database, 30);

    const batches = [await prune(1), await prune(1_000), await prune(1_000)];

    expect(batches[0]).toEqual({ events: 1, webhooks: 1, findings: 1 });
    expect(batches[2]).toEqual({ events: 0, webhooks: 0, findings: 0 });
    const after = await counts();
    expect(after).toEqual({ ...before, events: 1, webhooks: 2, findings: 1 });
    expect(await inbox.stateOf(held)).toBe('held');
    expect(await inbox.stateOf(fresh)).toBe('ignored');
  } finally {
    await database.close(1_000);
  }
});

test('keeps the events of what is open, and from the first on that a sink is owed', async () => {
  const { workerUrl, readerUrl } = here.world.urls;
  const open = (url: string) =>
    createDatabase({ url, poolMax: 2, applicationName: 'test-prune-owed' });
  const [database, people] = [open(workerUrl), open(readerUrl)];
  try {
    const [one, other] = [createEvents(database, 'one'), createEvents(database, 'other')];
    for (const sink of [one, other]) await sink.open();
    const prune = createPrune(database, 30);
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    const { opId: held } = await tenant.held({ account: 'alice', amount: 1 });
    const done = await anEnded(tenant);
    const dead = await anEnded(tenant);
    const owed = await anEnded(tenant);
    await all(one, () => 'taken');
    await all(other, ({ opId, seq }) => {
      if (opId === owed) return seq === 2 ? 'busy' : 'taken';
      return opId === dead && seq === 1 ? 'gone' : 'taken';
    });
    await published('true');

    await prune(1_000);

    const kept = () => Promise.all([held, done, dead, owed].map(seqsOf));
    expect(await kept()).toEqual([[1], [], [1, 2], [2]]);
    expect(await tenant.violations()).toEqual([]);

    const by = { tenant: tenant.tenant, principal: 'ada', reason: 'it is back' };
    await createDeadLetters(people).redeliver({ ...by, sink: 'other' });
    await here.world.rows('update ledger.delivery set next_attempt_at = now()');
    await all(other, () => 'taken');
    await prune(1_000);

    expect(await kept()).toEqual([[1], [], [], []]);
    expect(await tenant.violations()).toEqual([]);
  } finally {
    await Promise.all([database.close(1_000), people.close(1_000)]);
  }
});

/** The id of an operation with two events. */
async function anEnded(tenant: Tenant): Promise<OpId> {
  const envelope = await tenant.held({ account: 'alice', amount: 1 });
  await here.world.ledger.release(envelope, { kind: 'withdrawn' });
  return envelope.opId;
}

type Answer = 'taken' | 'busy' | 'gone';

/** Gives a sink all that it is owed. */
async function all(
  events: ReturnType<typeof createEvents>,
  answer: (event: OperationEvent) => Answer,
): Promise<void> {
  for (;;) {
    const lent = await events.lease(100, 10_000);
    if (lent.length === 0) return;
    const taken = lent.filter((event) => answer(event) === 'taken').map(({ id }) => id);
    const refused = lent.filter(({ id }) => !taken.includes(id));
    await events.deliver(taken);
    await events.refuse(
      refused.map((event) => ({
        ...{ id: event.id, reason: answer(event), forGood: answer(event) === 'gone' },
      })),
      60_000,
    );
  }
}

/** These events left, and all that is here happened 31 days ago. */
async function published(which = 'id < (select max(id) from ledger.outbox)'): Promise<void> {
  const { rows } = here.world;
  await rows(`update ledger.outbox set published_at = now() - interval '31 days' where ${which}`);
  await rows("update ledger.webhook set received_at = received_at - interval '31 days'");
  await rows(`update ledger.finding set first_seen = first_seen - interval '32 days',
                last_seen = last_seen - interval '31 days',
                resolved_at = resolved_at - interval '31 days'`);
}

/** But this one, which came today. */
async function aged(eventId: string): Promise<void> {
  await here.world.rows(
    'update ledger.webhook set received_at = now() where event_id = $1',
    eventId,
  );
}

async function seqsOf(opId: string): Promise<readonly number[]> {
  const rows = await here.world.rows<{ seq: number }>(
    'select seq from ledger.outbox where subject = $1 order by seq',
    opId,
  );
  return rows.map(({ seq }) => seq);
}

async function counts(): Promise<Record<string, number>> {
  const [row] = await here.world.rows<Record<string, number>>(`
    select (select count(*) from ledger.outbox)::int as events,
           (select count(*) from ledger.webhook)::int as webhooks,
           (select count(*) from ledger.finding)::int as findings,
           (select count(*) from ledger.operation)::int as operations,
           (select count(*) from ledger.entry)::int as entries,
           (select count(*) from ledger.step)::int as steps,
           (select count(*) from ledger.audit)::int as audit`);
  return row ?? {};
}
