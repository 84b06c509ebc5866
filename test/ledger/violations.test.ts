import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type Invariant, invariants } from '../../src/ledger/reads.js';
import { nothingChecked, verifyOnward } from '../../src/ledger/violations.js';
import { captureOf } from '../support/envelopes.js';
import { both } from './a-case.js';
import { aFindingDesk } from './a-finding.js';
import { aNoticeDesk } from './a-notice.js';
import { aBusyTenant } from './busy-tenant.js';
import { set, tamper as tamperWith, without } from './tamper.js';
import { tamperedUploads } from './upload-tampers.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();
const desk = aFindingDesk(here);
const notices = aNoticeDesk(here);
const hour = 3_600_000;

const paid = "domain = 'Payment' and state = 'COMPLETED'";
const noticed = "domain = 'Notification' and state = 'COMPLETED'";
const ofPayments = (where: string) =>
  `op in (select id from ledger.operation where tenant = $1 and ${where})`;
const failing = set('operation', `state = 'FAILED'`, paid);

const open = "state = 'IN_PROGRESS' and phase is distinct from 'parked'";
const othersAccount = 'select min(id) from ledger.account where tenant <> $1';
const aCaptured = "select min(op) from ledger.hold where tenant = $1 and state = 'captured'";

/** Each breaks the database in one way that no verb could. */
const tampered: readonly (readonly [Invariant, string])[] = [
  ['accounts-sum-to-zero', set('account', 'posted = posted + 1', "kind = 'merchant'")],
  ['step-sums-to-zero', set('entry', 'posted_delta = posted_delta + 7', 'posted_delta > 0')],
  ['step-sums-to-zero', set('entry', "currency = 'USD'", 'posted_delta < 0')],
  ['balance-is-its-last-entry', set('account', 'posted = posted + 1')],
  ['balance-is-its-last-entry', set('account', 'held = held + 1')],
  ['balance-is-its-last-entry', set('account', 'version = version + 1')],
  ['balance-is-its-last-entry', set('account', "chain = '\\x00'")],
  ['entry-follows-the-one-before', 'delete from ledger.entry where tenant = $1 and version = 2'],
  ['entry-follows-the-one-before', set('entry', 'posted_after = posted_after + 1')],
  ['entry-follows-the-one-before', set('entry', 'held_after = held_after + 1')],
  [
    'entry-is-later-than-the-one-before',
    set('entry', "recorded_at = recorded_at - interval '1 day'", 'version = 2'),
  ],
  ['chain-is-unbroken', set('entry', "hash = '\\x00'", 'version = 2')],
  ['chain-is-unbroken', set('entry', "step = 'other'", 'version = 3')],
  ['entry-of-a-step', `delete from ledger.step where tenant = $1 and step = 'settle'`],
  [
    'entry-within-the-tenant',
    set(
      'entry',
      `account = (${othersAccount}), version = 900 + op`,
      'version = 2 and held_delta = 0',
    ),
  ],
  ['held-is-the-open-holds', set('hold', 'amount = amount + 1', "state = 'held'")],
  [
    'available-above-its-limit',
    without(
      'account',
      'account_available',
      set('account', 'posted = held - 1', "kind = 'customer'"),
    ),
  ],
  [
    'hold-adds-up',
    without('hold', 'hold_closed', set('hold', 'captured = captured - 1', "state = 'captured'")),
  ],
  [
    'hold-adds-up',
    without('hold', 'hold_arithmetic', set('hold', 'captured = -1', "state = 'held'")),
  ],
  [
    'hold-is-open-while-its-operation-is',
    set('hold', "state = 'released', released = amount", "state = 'held'"),
  ],
  [
    'captured-hold-is-completed',
    set('hold', "state = 'released', released = amount, captured = 0", "state = 'captured'"),
  ],
  [
    'settled-or-released',
    `insert into ledger.step select op, 'release', tenant, trace, result, at from ledger.step
      where tenant = $1 and step = 'settle'`,
  ],
  ['completed-moved-what-it-says', set('operation', `outcome = outcome || '{"minor": 1}'`, paid)],
  ['failed-moved-nothing', failing],
  ['payment-taken-at-once-moved-its-amount', set('operation', 'amount = 1', paid)],
  [
    'refunds-within-what-was-captured',
    set('hold', `amount = 99, parent = (${aCaptured})`, "state = 'held'"),
  ],
  [
    'one-effect-per-step',
    `insert into ledger.attempt
       (op, step, n, tenant, trace, key, amount, sent_at, outcome)
     select op, step, 2, tenant, trace, key || '2', amount, sent_at, outcome from ledger.attempt
      where tenant = $1 and outcome is not null`,
  ],
  [
    'attempt-moved-what-was-asked',
    set('attempt', `outcome = outcome || '{"minor": 3}'`, 'outcome is not null'),
  ],
  ['failed-took-nothing-outside', failing],
  [
    'failed-gave-back-what-it-took',
    set('operation', "state = 'FAILED', parent_op_id = op_id", paid),
  ],
  [
    'one-operation-per-key',
    without(
      'operation',
      'operation_key',
      set('operation', "idem_key = 'same', principal = 'p'", "domain = 'Payment'"),
    ),
  ],
  [
    'ended-with-an-outcome',
    without('operation', 'operation_outcome', set('operation', 'outcome = null', paid)),
  ],
  [
    'ended-with-an-outcome',
    without('operation', 'operation_no_phase', set('operation', "phase = 'held'", paid)),
  ],
  ['events-are-numbered', 'delete from ledger.outbox where tenant = $1 and seq = 2'],
  ['events-are-numbered', set('operation', 'seq = seq + 1')],
  [
    'end-has-its-event',
    set('outbox', "at = at - interval '1 hour'", ofPayments("state = 'COMPLETED'")),
  ],
  ['end-has-its-event', set('outbox', "type = 'case.ended'", "type = 'payment.settled'")],
  ['step-has-its-audit-line', 'delete from ledger.audit where tenant = $1'],
  ['audit-names-no-secret', set('audit', `detail = '{"card": "4242424242424242"}'`)],
  ['audit-names-no-secret', set('audit', `detail = '{"a": "Bearer eyJhbGciOi.x"}'`)],
  ['audit-names-no-secret', set('audit', `detail = '{"cvv": "123"}'`)],
  ['parked-has-its-case', set('operation', "phase = 'parked'", "state = 'IN_PROGRESS'")],
  ['parked-has-its-case', set('operation', "phase = 'held'", "phase = 'parked'")],
  ['case-says-what-is-held', set('case', 'amount_at_risk = amount_at_risk + 1')],
  ['by-hand-by-two', set('operation', `outcome = outcome || '{"byHand": true}'`, paid)],
  ['by-hand-by-two', set('audit', "principal = 'ada'", "action = 'finding.corrected'")],
  [
    'approved-by-another',
    `insert into ledger.approval select id, tenant, trace, 'approved', 'bob', 'bob', accepted_at
       from ledger.operation where tenant = $1 limit 1`,
  ],
  [
    'sent-is-one-delivery',
    without(
      'notice_delivery',
      'notice_delivery_sent',
      set('notice_delivery', "state = 'begun'", "state = 'sent'"),
    ),
  ],
  [
    'sent-is-one-delivery',
    without('notice_delivery', 'notice_delivery_sent', set('notice_delivery', "state = 'sent'")),
  ],
  ['sent-is-one-delivery', set('operation', `outcome = '{"kind": "sent"}'`, noticed)],
  ['delivery-was-begun', `delete from ledger.step where tenant = $1 and step like 'begin.%'`],
  ['rows-belong-to-their-operation', set('outbox', "trace = ''")],
  ['rows-belong-to-their-operation', set('notice_delivery', "trace = ''")],
];

/** What must only be so once its time is over. */
const late: readonly (readonly [Invariant, string])[] = [
  ['event-leaves', set('outbox', 'published_at = null')],
  ['open-operation-goes-on', set('operation', "phase = 'charging'", open)],
  [
    'hold-ends-in-time',
    `${set('operation', "phase = 'held'", open)};
    ${set('hold', "expires_at = now() - interval '2 hours'", "state = 'held'")}`,
  ],
  [
    'webhook-is-applied',
    `insert into ledger.webhook (provider, event_id, type, op_id, tenant, happened_at, received_at)
     select 'sandbox', op_id, 'charge.captured', op_id, tenant, now(), now()
       from ledger.operation where tenant = $1 limit 1`,
  ],
];

/** With something of everything, parked and with its case, and a finding that was corrected. */
async function aTenant(): Promise<Tenant> {
  const tenant = await aBusyTenant(here);
  const parked = await tenant.held({ account: 'alice', amount: 5 });
  await here.world.ledger.notePhase(parked.opId, 'parked.1', 'parked', { reason: 'no answer' });
  const captured = await tenant.held({ account: 'alice', amount: 7 });
  await here.world.ledger.settle(captured.opId, captureOf(captured));
  const { correct } = await desk.aFinding(tenant);
  for (const person of both) await correct(person);
  const { recipient } = await notices.aRecipient(tenant);
  await notices.sent(tenant, recipient);
  await notices.refused(tenant, recipient);
  return tenant;
}

const tamper = (tenant: Tenant, breaking: string) => tamperWith(here.world, tenant, breaking);

const names = async (tenant: string, graceMs: number) =>
  (await here.world.reads.verify({ tenant, graceMs })).violations.map(({ name }) => name);

describe('the invariants', () => {
  test('are those that the function looks at, each by its name', async () => {
    const sources = ['src/ledger/violations.sql', 'src/ledger/upload-violations.sql'];
    const source = (await Promise.all(sources.map((path) => readFile(path, 'utf8')))).join('');

    const looked = [...source.matchAll(/^ {2}select '([a-z-]+)'/gm)].map(([, name]) => name);

    expect(new Set(looked)).toEqual(new Set(Object.keys(invariants)));
    expect(looked.length).toBeGreaterThanOrEqual(30);
    const tried = [...tampered, ...late, ...tamperedUploads].map(([name]) => name);
    expect(looked.filter((name) => !tried.includes(name as Invariant))).toEqual([]);
  });

  test('hold for a tenant to whom everything happened', async () => {
    const tenant = await aTenant();

    expect(await tenant.violations()).toEqual([]);
  });

  test('hold when a hash has the digits of a card', async () => {
    const tenant = await aTenant();

    await tamper(tenant, set('audit', `detail = '{"key": "0c4242424242424242a"}'`));

    expect(await tenant.violations()).toEqual([]);
  });

  test.each(tampered)('%s: is seen broken', async (name, breaking) => {
    const tenant = await aTenant();

    await tamper(tenant, breaking);

    expect(await tenant.violations()).toContain(name);
  });

  test.each(late)('%s: is seen broken once its time is over', async (name, breaking) => {
    const tenant = await aTenant();
    await tamper(tenant, `${set('outbox', 'published_at = at')}; ${breaking}`);
    await tamper(tenant, set('operation', "budget_ends_at = now() - interval '1 hour'"));

    expect(await names(tenant.tenant, hour * 24)).toEqual([]);
    expect(await names(tenant.tenant, -hour)).toContain(name);
  });

  test('are told with how many break one, and with some of them', async () => {
    const tenant = await aTenant();
    await tamper(tenant, set('audit', `detail = '{"cvv": "123"}'`));

    const { checks, violations } = await here.world.reads.verify({ tenant: tenant.tenant });

    expect(checks).toBe(Object.keys(invariants).length);
    expect(violations).toMatchObject([
      { name: 'audit-names-no-secret', count: expect.any(Number), sample: { length: 5 } },
    ]);
  });

  test('are looked at onward: what changed since, and a page of all the rest', async () => {
    const { database } = here.world;
    const tenant = await aTenant();
    const { next } = await verifyOnward(database, nothingChecked);
    await tamper(tenant, set('audit', `detail = '{"cvv": "123"}'`));
    const last = await aTenant();
    await tamper(last, set('account', 'posted = posted + 1', "kind = 'merchant'"));

    const changed = await verifyOnward(database, { ...next, operation: 1_000_000 });
    const paged = await verifyOnward(database, { event: 1_000_000, operation: 1 });

    for (const { violations } of [changed, paged]) {
      const broken = violations.map(({ name }) => name);
      expect(broken).toEqual(expect.arrayContaining(['audit-names-no-secret']));
      expect(broken).toEqual(expect.arrayContaining(['accounts-sum-to-zero']));
    }
    expect(changed.next).toEqual({ event: expect.any(Number), operation: 1 });
    expect(changed.next.event).toBeGreaterThan(next.event ?? Infinity);
  });
});
