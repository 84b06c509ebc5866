import { nanoid } from 'nanoid';
import { expect, test } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import { createFindings, createInbox, createPrune } from '../../src/ledger/index.js';
import { aWorld } from './world.js';

const here = aWorld();

test('forgets what is long over, in batches, and nothing that waits or that proves', async () => {
  const url = here.world.urls.workerUrl;
  const database = createDatabase({ url, poolMax: 2, applicationName: 'test-prune' });
  try {
    const tenant = here.aTenant();
    await tenant.open('alice', { funds: 100 });
    await tenant.held({ account: 'alice', amount: 1 });
    await tenant.held({ account: 'alice', amount: 2 });
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

/** All events but the newest left, and all that is here happened 31 days ago. */
async function published(): Promise<void> {
  const { rows } = here.world;
  await rows(`update ledger.outbox set published_at = now() - interval '31 days'
               where id < (select max(id) from ledger.outbox)`);
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
