import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import type { CaseAction, Decision } from '../../src/domain/index.js';
import { type CaseRow, type Cases, createCases } from '../../src/ledger/index.js';
import { captureOf, declineOf } from '../support/envelopes.js';
import { aWorld } from './world.js';

const here = aWorld();
let gateway: Database;
let cases: Cases;
beforeAll(() => {
  const settings = { poolMax: 8, acquireTimeoutMs: 20_000, applicationName: 'test-cases' };
  gateway = createDatabase({ ...settings, url: here.world.urls.readerUrl });
  cases = createCases(gateway);
});
afterAll(() => gateway.close(1_000));

const reason = 'the provider gave no answer';

/** A payment of 30 of 100 that parked, with its case. */
async function aParkedPayment() {
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 100 });
  const envelope = await tenant.held({ account: 'alice', amount: 30 });
  const { ledger } = here.world;
  const park = (change: string, because = reason) =>
    ledger.notePhase(envelope.opId, change, 'parked', { reason: because });
  await park('parked.1');
  const the = async (): Promise<CaseRow> => {
    const { rows } = await cases.list(tenant.tenant, {}, { limit: 1 });
    if (rows[0] === undefined) throw new Error('there is no case');
    return rows[0];
  };
  const { id } = await the();
  const act = (action: CaseAction, principal: string, chargeId?: string) =>
    cases.act({
      ...{ tenant: tenant.tenant, caseId: id, action, principal, actor: principal },
      ...{ reason: `${principal} looked`, ...(chargeId !== undefined && { chargeId }) },
    });
  const release = (by: Decision['by']) =>
    ledger.release(envelope, { kind: 'by-hand', by, code: 'released-by-hand' });
  const settle = (by: Decision['by'], chargeId?: string) =>
    ledger.settle(envelope.opId, { kind: 'by-hand', by, ...(chargeId && { chargeId }) });
  return { tenant, envelope, park, the, act, release, settle };
}

const refused = { kind: 'conflict', reason: 'evidence-mismatch' };
const both = ['ada', 'bob'] as const;

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

  test('of another tenant is not found, listed or acted upon', async () => {
    const { the } = await aParkedPayment();
    const { id } = await the();
    const other = here.aTenant().tenant;
    const person = { principal: 'eve', actor: 'eve', reason: 'why not' };

    const answer = await cases.act({ tenant: other, caseId: id, action: 'verify', ...person });

    expect(answer).toMatchObject({ kind: 'fail', code: 'case-unknown' });
    expect(await cases.find(other, id)).toBeUndefined();
    expect((await cases.list(other, {}, { limit: 9 })).rows).toEqual([]);
  });
});

describe('by hand', () => {
  test('money goes back when two people approve, and the audit names both', async () => {
    const { tenant, envelope, the, act, release } = await aParkedPayment();

    expect(await act('release', 'ada')).toEqual({ kind: 'approved', opId: envelope.opId });
    const decision = await act('release', 'bob');
    expect(decision).toEqual({
      ...{ kind: 'decided', opId: envelope.opId, action: 'release', by: both },
    });
    expect(await release(both)).toMatchObject({ kind: 'released', code: 'released-by-hand' });

    expect(await tenant.balance('alice')).toEqual({ posted: 100, held: 0, available: 100 });
    expect(await the()).toMatchObject({ state: 'ended', endedBy: 'ada, bob', amountAtRisk: 0 });
    const audit = await here.world.rows<object>(
      `select principal, actor, action, detail ->> 'reason' as reason from ledger.audit
        where tenant = $1 and action like 'case.%' order by id`,
      tenant.tenant,
    );
    expect(audit).toEqual(
      both.map((one) => ({
        ...{ principal: one, actor: one, action: 'case.release', reason: `${one} looked` },
      })),
    );
    expect(await tenant.violations()).toEqual([]);
  });

  test('what is held moves once when two people approve the same charge', async () => {
    const { tenant, act, settle, the } = await aParkedPayment();
    await act('settle', 'ada', 'ch_1');
    await act('settle', 'bob', 'ch_1');

    const answers = await Promise.all([settle(both, 'ch_1'), settle(both, 'ch_1')]);

    expect(answers).toEqual(
      answers.map(() => expect.objectContaining({ kind: 'settled', minor: 30, chargeId: 'ch_1' })),
    );
    expect(await tenant.balance('alice')).toEqual({ posted: 70, held: 0, available: 70 });
    expect(await the()).toMatchObject({ state: 'ended', endedBy: 'ada, bob' });
    expect(await tenant.violations()).toEqual([]);
  });

  test('the same person twice is refused, and does not add up', async () => {
    const { tenant, act, release, the } = await aParkedPayment();
    await act('release', 'ada');

    expect(await act('release', 'ada')).toMatchObject({ code: 'second-person-required' });

    expect(await the()).toMatchObject({ state: 'approved-once' });
    expect(await release(['ada', 'ada'])).toEqual(refused);
    expect(await tenant.balance('alice')).toMatchObject({ held: 30 });
  });

  test('different proposals of two people do not add up', async () => {
    const { tenant, act, release, settle, the } = await aParkedPayment();
    await act('release', 'ada');
    await act('settle', 'bob', 'ch_1');
    await act('settle', 'ada', 'ch_2');

    expect(await the()).toMatchObject({ state: 'approved-once' });
    expect([await release(both), await settle(both, 'ch_1'), await settle(both)]).toEqual(
      Array.from({ length: 3 }, () => refused),
    );
    expect(await tenant.balance('alice')).toMatchObject({ held: 30 });
  });

  test.each([
    ['without any approval', [], 'release'],
    ['with one approval', [['release', 'ada']], 'release'],
    ['when two people decided the opposite', decidedTo('settle'), 'release'],
    ['when two people decided to give it back', decidedTo('release'), 'settle'],
  ] as const)('nothing moves on the word of the workflow %s', async (_, approvals, way) => {
    const { tenant, act, release, settle } = await aParkedPayment();
    for (const [action, person] of approvals) await act(action, person);
    const before = await tenant.everything();

    const answer = await (way === 'release' ? release(both) : settle(both));

    expect(answer).toEqual(refused);
    expect(await tenant.everything()).toBe(before);
  });

  test('nothing moves in the names of others than those who approved', async () => {
    const { act, release, settle } = await aParkedPayment();
    for (const person of both) await act('settle', person, 'ch_1');

    expect(await settle(['ada', 'eve'], 'ch_1')).toEqual(refused);
    expect(await settle(both, 'ch_2')).toEqual(refused);
    expect(await release(both)).toEqual(refused);
  });

  test('sixteen calls of two people at once are two approvals and one decision', async () => {
    const { tenant, act, release, the } = await aParkedPayment();

    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => act('release', n % 2 === 0 ? 'ada' : 'bob')),
    );

    const count = (kind: string) => answers.filter((one) => one.kind === kind).length;
    expect(count('approved')).toBe(1);
    expect(count('decided')).toBeGreaterThan(0);
    expect((await the()).approvals.map(({ principal }) => principal).sort()).toEqual([...both]);
    const decision = answers.find((one) => one.kind === 'decided');
    const by = decision?.kind === 'decided' ? decision.by : both;
    await Promise.all(Array.from({ length: 4 }, () => release(by)));
    expect(await tenant.balance('alice')).toEqual({ posted: 100, held: 0, available: 100 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('a release and the proof of a capture at once have one winner', async () => {
    const { tenant, envelope, act, release } = await aParkedPayment();
    for (const person of both) await act('release', person);

    const answers = await Promise.all([
      release(both),
      here.world.ledger.settle(envelope.opId, captureOf(envelope)),
    ]);

    const kinds = answers.map(({ kind }) => kind).sort();
    expect([
      ['conflict', 'released'],
      ['conflict', 'settled'],
    ]).toContainEqual(kinds);
    const posted = kinds[1] === 'released' ? 100 : 70;
    expect(await tenant.balance('alice')).toEqual({ posted, held: 0, available: posted });
    expect(await tenant.violations()).toEqual([]);
  });

  test('an ended case is past deciding', async () => {
    const { envelope, act } = await aParkedPayment();
    await here.world.ledger.release(envelope, declineOf(envelope));

    for (const action of ['verify', 'retry', 'settle', 'release', 'accept'] as const) {
      expect(await act(action, 'ada')).toMatchObject({ code: 'invalid-state' });
    }
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

    const settling = await cases.act({ ...on, ...person, action: 'settle' });
    const accepted = await cases.act({ ...on, ...person, action: 'accept' });

    expect(settling).toMatchObject({ code: 'invalid-state' });
    expect(accepted).toMatchObject({ kind: 'accepted' });
    expect(await the()).toMatchObject({
      ...{ id: finding.id, state: 'ended', endedBy: 'ada', note: 'known, and paid back' },
    });
    expect((await cases.list(tenant.tenant, { state: 'open' }, { limit: 9 })).rows).toHaveLength(1);
  });
});

function decidedTo(action: 'settle' | 'release') {
  return both.map((person) => [action, person] as const);
}
