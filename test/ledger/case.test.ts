import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { captureOf, declineOf } from '../support/envelopes.js';
import { aCaseDesk, reason } from './a-case.js';
import { aWorld } from './world.js';

const here = aWorld();
const desk = aCaseDesk(here);
const { aParkedPayment } = desk;

describe('a case', () => {
  test('opens with the amount at risk and the attempts when its operation parks', async () => {
    const { tenant, envelope, the } = await aParkedPayment();

    expect(await the()).toMatchObject({
      ...{ opId: envelope.opId, kind: 'parked', reason, state: 'open', approvals: [] },
      ...{ amountAtRisk: 30, currency: 'EUR', endedAt: null },
      advice: expect.stringContaining('two people'),
      evidence: { attempts: [{ reference: `${envelope.opId}:charge.1:1`, amount: 30 }] },
    });
    expect(await tenant.violations()).toEqual([]);
  });

  test('stays one case when its operation parks again, without approvals of what was', async () => {
    const { tenant, the, park, act } = await aParkedPayment();
    const { id } = await the();
    await act('release', 'ada');
    await park('parked.2');
    const same = await the();

    await park('parked.3', 'a fault of ours');

    expect(same).toMatchObject({ id, state: 'approved-once' });
    expect(await the()).toMatchObject({ id, state: 'open', approvals: [] });
    expect(await the()).toMatchObject({ reason: 'a fault of ours' });
    expect(await tenant.violations()).toEqual([]);
  });

  test.each(['settle', 'release', 'go on'] as const)('ends when its operation %ss', async (way) => {
    const { tenant, envelope, the } = await aParkedPayment();
    const { ledger } = here.world;
    const ways = {
      settle: () => ledger.settle(envelope.opId, captureOf(envelope)),
      release: () => ledger.release(envelope, declineOf(envelope)),
      'go on': () => ledger.notePhase(envelope.opId, 'doubt.1', 'in-doubt', {}),
    };

    await ways[way]();

    const note = { settle: 'settled', release: 'declined', 'go on': 'in-doubt' }[way];
    expect(await the()).toMatchObject({ state: 'ended', endedBy: 'workflow', note });
    expect(await tenant.violations()).toEqual([]);
  });

  test('opens for what parked before there were cases, with its reason', async () => {
    const { tenant, the } = await aParkedPayment();
    const { rows } = here.world;
    await rows('delete from ledger.case where tenant = $1', tenant.tenant);
    const migration = await readFile('drizzle/0010_case-verbs.sql', 'utf8');
    const backfill = migration.slice(migration.lastIndexOf('select ledger.open_case'));

    await rows(backfill);

    expect(await the()).toMatchObject({ state: 'open', reason, amountAtRisk: 30 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('of another tenant is not found, listed or acted upon', async () => {
    const { the } = await aParkedPayment();
    const { id } = await the();
    const other = here.aTenant().tenant;
    const person = { principal: 'eve', actor: 'eve', reason: 'why not' };

    const answer = await desk.cases.act({ tenant: other, caseId: id, action: 'verify', ...person });

    expect(answer).toMatchObject({ kind: 'fail', code: 'case-unknown' });
    expect(await desk.cases.find(other, id)).toBeUndefined();
    expect((await desk.cases.list(other, {}, { limit: 9 })).rows).toEqual([]);
  });
});

describe('accepting', () => {
  test('ends a finding with its note, and nothing that is parked', async () => {
    const { tenant, act, the } = await aParkedPayment();
    expect(await act('accept', 'ada')).toMatchObject({ code: 'invalid-state' });
    await here.world.rows(
      `insert into ledger.case (case_id, tenant, trace, op, kind, reason, advice, amount_at_risk,
         evidence, opened_at)
       select 'case_' || op_id, tenant, trace, id, 'contradiction', 'r', 'a', 5, '{}', now()
         from ledger.operation where tenant = $1 and domain = 'Payment'`,
      tenant.tenant,
    );
    const finding = await the();
    const person = { principal: 'ada', actor: 'ada', reason: 'known, and paid back' };
    const on = { tenant: tenant.tenant, caseId: finding.id };

    const settling = await desk.cases.act({ ...on, ...person, action: 'settle' });
    const accepted = await desk.cases.act({ ...on, ...person, action: 'accept' });

    expect(settling).toMatchObject({ code: 'invalid-state' });
    expect(accepted).toMatchObject({ kind: 'accepted' });
    expect(await the()).toMatchObject({
      ...{ id: finding.id, state: 'ended', endedBy: 'ada', note: 'known, and paid back' },
    });
    expect(
      (await desk.cases.list(tenant.tenant, { state: 'open' }, { limit: 9 })).rows,
    ).toHaveLength(1);
  });
});
