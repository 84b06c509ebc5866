import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import {
  createDeadLetters,
  createEvents,
  createPrune,
  createStanding,
} from '../../src/ledger/index.js';
import { aWorld } from '../ledger/world.js';

const here = aWorld();
let reader: Database;
beforeAll(() => {
  const settings = { poolMax: 2, applicationName: 'test-retire' };
  reader = createDatabase({ ...settings, url: here.world.urls.readerUrl });
});
afterAll(() => reader.close(1_000));

const asked = { principal: 'tenant/ada', reason: 'we left them' };
const retire = (sink: string) => createDeadLetters(reader).retire({ ...asked, sink });
const retired = (events: number, left = false) => ({ kind: 'retired', events, left });

test('a sink that nobody takes from goes, with all that it is owed', async () => {
  const { tenant, opId } = await anEndedPayment();
  const [kept] = [await aSink('kept'), await aSink('dropped')];
  await kept.drain();
  const { violations } = await here.world.reads.verify({ tenant });
  const prune = createPrune(here.world.database, 0);
  await prune(1_000);
  const owed = await owedTo('dropped');

  const answer = await retire('dropped');

  expect(owed).toBeGreaterThan(0);
  expect(answer).toEqual(retired(owed));
  expect(await owedTo('dropped')).toBe(0);
  const { sinks } = await createStanding(here.world.database)();
  expect(sinks.map(({ sink }) => sink)).toEqual(['kept']);
  const audit = await here.world.rows<object>(
    `select principal, action, subject, detail from ledger.audit
      where tenant = $1 and action like 'event.%' and subject like $2 || '.%' order by id`,
    ...[tenant, opId],
  );
  expect(audit).toEqual(
    [1, 2].map((seq) => ({
      ...{ principal: 'tenant/ada', action: 'event.forget', subject: `${opId}.${seq}` },
      detail: { sink: 'dropped', reason: 'we left them' },
    })),
  );
  expect(await eventsOf(opId)).toBe(2);
  await prune(1_000);
  expect(await eventsOf(opId)).toBe(0);
  expect(violations).toEqual([]);
  expect(await retire('dropped')).toMatchObject({ kind: 'fail', code: 'sink-unknown' });
});

test('a sink that a relay takes from stays, and is owed the same', async () => {
  await anEndedPayment();
  const sink = await aSink('taken');
  await here.world.rows("update ledger.sink set leased_at = null where name = 'taken'");
  await sink.lease(1, 1);
  const owed = await owedTo('taken');

  const early = await retire('taken');
  const still = await owedTo('taken');
  await here.world.rows(
    "update ledger.sink set leased_at = now() - interval '61 seconds' where name = 'taken'",
  );

  expect(early).toMatchObject({ code: 'invalid-state', message: expect.stringMatching(/EVENT_/) });
  expect([owed > 0, still]).toEqual([true, owed]);
  expect(await retire('taken')).toEqual(retired(owed));
});

test('a sink that is owed very much goes in parts', async () => {
  await anEndedPayment();
  const other = await aSink('other');
  await aSink('large');
  await other.drain();
  await here.world.rows(
    `insert into ledger.delivery (sink, event, op, seq, tenant, trace, next_attempt_at)
     select 'large', 1000000 + n, d.op, d.seq, d.tenant, d.trace, now()
       from (select * from ledger.delivery where sink = 'large' limit 1) d,
            generate_series(1, 10000) n`,
  );
  const owed = await owedTo('large');

  expect(await retire('large')).toEqual(retired(10_000, true));
  expect(await retire('large')).toEqual(retired(owed - 10_000));
  expect(await owedTo('large')).toBe(0);
});

test('a sink that goes while others are handed events costs them none', async () => {
  const other = await aSink('busy');
  const payments = [];
  for (let n = 0; n < 6; n += 1) {
    await aSink(`short-${n}`);
    payments.push(await anEndedPayment());
    // A relay that hands on to it at that moment fails, and begins again.
    await Promise.all([retire(`short-${n}`), other.drain().catch(() => undefined)]);
  }

  await other.drain();

  const events = payments.flatMap(({ opId }) => [1, 2].map((seq) => `${opId}.${seq}`));
  expect(other.taken.filter((id) => events.includes(id)).sort()).toEqual(events.sort());
});

/** A payment with two events that has ended. */
async function anEndedPayment() {
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 100 });
  const envelope = await tenant.held({ account: 'alice', amount: 10 });
  await here.world.ledger.release(envelope, { kind: 'withdrawn' });
  return { tenant: tenant.tenant, opId: envelope.opId };
}

/** A sink that takes all that it is lent. */
async function aSink(name: string) {
  const events = createEvents(here.world.database, name);
  await events.open();
  const taken: string[] = [];
  const drain = async () => {
    for (;;) {
      const lent = await events.lease(100, 10_000);
      if (lent.length === 0) return;
      taken.push(...lent.map(({ opId, seq }) => `${opId}.${seq}`));
      await events.deliver(lent.map(({ id }) => id));
    }
  };
  return { taken, drain, lease: events.lease };
}

async function owedTo(sink: string): Promise<number> {
  const [row] = await here.world.rows<{ n: number }>(
    'select count(*)::int as n from ledger.delivery where sink = $1',
    sink,
  );
  return row?.n ?? 0;
}

async function eventsOf(opId: string): Promise<number> {
  const [row] = await here.world.rows<{ n: number }>(
    'select count(*)::int as n from ledger.outbox where subject = $1',
    opId,
  );
  return row?.n ?? 0;
}
