import { expect, test } from 'vitest';
import { captureOf } from '../support/envelopes.js';
import { aCaseDesk, both, reason } from './a-case.js';
import { aWorld } from './world.js';

const here = aWorld();
const desk = aCaseDesk(here);

test('a case is told of, numbered among the events of its operation', async () => {
  const { tenant, envelope, the, park } = await desk.aParkedPayment();
  await park('parked.2');
  await here.world.ledger.settle(envelope.opId, captureOf(envelope));

  const { id: caseId } = await the();
  const told = { caseId, kind: 'parked', reason, currency: 'EUR' };
  expect(await eventsOf(envelope.opId)).toMatchObject([
    { type: 'hold.held', seq: 1 },
    { type: 'payment.parked', seq: 2 },
    { type: 'case.opened', seq: 3, data: { ...told, amountAtRisk: 30 } },
    { type: 'payment.parked', seq: 4 },
    { type: 'payment.settled', seq: 5 },
    { type: 'case.ended', seq: 6, data: { ...told, amountAtRisk: 0 } },
  ]);
  expect(await tenant.violations()).toEqual([]);
});

test('what two people decided is told once', async () => {
  const { tenant, envelope, act, release } = await desk.aParkedPayment();
  for (const person of [...both, ...both]) await act('release', person);
  await release(both);

  const events = await eventsOf(envelope.opId);
  expect(events.map(({ type }) => type)).toEqual([
    ...['hold.held', 'payment.parked', 'case.opened', 'case.decided', 'payment.refused'],
    'case.ended',
  ]);
  expect(events[3]?.data).toMatchObject({ action: 'release', amountAtRisk: 30 });
  expect(JSON.stringify(events)).not.toContain('looked');
  expect(await tenant.violations()).toEqual([]);
});

test('what a provider tells after the end opens one case, which a person ends', async () => {
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  await tenant.open('alice', { funds: 100 });
  const envelope = await tenant.held({ account: 'alice', amount: 30 });
  await here.world.ledger.settle(envelope.opId, captureOf(envelope));
  for (const event of ['evt-1', 'evt-2']) {
    await here.world.rows(
      `insert into ledger.webhook (
         provider, event_id, type, op_id, tenant, happened_at, received_at)
       values ('sandbox', $1 || $2, 'charge.voided', $2, $3, now(), now())`,
      ...[event, envelope.opId, tenant.tenant],
    );
    await here.world.rows(
      `update ledger.webhook set state = 'held', reason = 'operation-closed'
        where event_id = $1 || $2`,
      ...[event, envelope.opId],
    );
  }
  const [row] = (await desk.cases.list(tenant.tenant, {}, { limit: 1 })).rows;
  const by = { tenant: tenant.tenant, principal: 'ada', actor: 'ada', reason: 'it is known' };
  await desk.cases.act({ ...by, caseId: `${row?.id}`, action: 'accept' });

  const events = await eventsOf(envelope.opId);
  expect(events.map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'hold.held'],
    [2, 'payment.settled'],
    [3, 'case.opened'],
    [4, 'case.ended'],
  ]);
  expect(JSON.stringify(events)).not.toContain('it is known');
  expect(await tenant.violations()).toEqual([]);
});

function eventsOf(opId: string) {
  return here.world.rows<{ seq: number; type: string; data: object }>(
    'select seq, type, data from ledger.outbox where subject = $1 order by seq',
    opId,
  );
}
