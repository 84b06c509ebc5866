import { describe, expect, test } from 'vitest';
import { createPrune } from '../../src/ledger/index.js';
import { aFindingDesk, type Wanted } from './a-finding.js';
import { both } from './a-case.js';
import { aWorld, type Given } from './world.js';

const here = aWorld();
const desk = aFindingDesk(here);

/** Alice with 100, of which 1 is held for the payment that the finding is about. */
async function aTenantWithAFinding(of?: 'nobody') {
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant', slots: 4, funds: 40 });
  await tenant.open('alice', { funds: 100 });
  return { tenant, ...(await desk.aFinding(tenant, of)) };
}
const proposed = { kind: 'proposed' };
const corrected = { kind: 'corrected', opId: expect.stringMatching(/^op_/) };
const refused = (code: string) => ({ kind: 'fail', code, message: expect.any(String) });

describe('a finding is corrected', () => {
  test.each([
    ['a credit', {}, 110, -150],
    ['a debit', { direction: 'debit' }, 90, -130],
    ['a debit of all there is', { direction: 'debit', amount: 99 }, 1, -41],
  ] as const)('when two people ask for %s', async (_, wanted, posted, outside) => {
    const { tenant, finding, the, correct } = await aTenantWithAFinding();

    expect(await correct('ada', wanted)).toEqual(proposed);
    expect(await the()).toMatchObject({
      state: 'open',
      correction: { by: [{ principal: 'ada' }] },
    });
    expect(await tenant.balance('alice')).toMatchObject({ posted: 100 });
    expect(await correct('bob', wanted)).toEqual(corrected);

    expect(await tenant.balance('alice')).toMatchObject({ posted });
    expect(await tenant.balance('@funding:EUR')).toMatchObject({ posted: outside });
    const by = both.map((one) => ({
      ...{ principal: one, reason: `${one} looked`, at: expect.stringMatching(/Z$/) },
    }));
    expect(await the()).toMatchObject({
      ...{ state: 'resolved', resolvedBy: 'bob', note: 'bob looked' },
      correction: { finding, account: 'alice', by, opId: expect.any(String) },
    });
    const rows = await here.world.reads.balanceCheck(tenant.tenant);
    expect(rows.filter(({ agrees }) => !agrees)).toEqual([]);
    expect(rows.find(({ account }) => account === 'alice')).toMatchObject({ funded: posted });
    expect(await tenant.violations()).toEqual([]);
  });

  test('as an operation that has ended, with its event, and names both in the audit', async () => {
    const { tenant, opId: payment, correct } = await aTenantWithAFinding();
    await correct('ada');
    await correct('bob');

    const { rows } = await here.world.reads.operations(
      tenant.tenant,
      { domain: 'Correction' },
      { limit: 10 },
    );
    const opId = rows[0]?.opId ?? ('' as never);
    expect(rows).toMatchObject([
      {
        ...{ state: 'COMPLETED', account: 'alice', amount: 10, currency: 'EUR', version: 1 },
        outcome: { kind: 'settled', minor: 10, byHand: true },
      },
    ]);
    const history = await here.world.reads.history(tenant.tenant, opId, { limit: 9, after: 0 });
    expect(history.rows).toMatchObject([{ step: 'correct', evidence: null }]);
    const events = await here.world.rows<{ type: string; data: object }>(
      'select type, data from ledger.outbox where subject = $1',
      opId,
    );
    expect(events).toMatchObject([{ type: 'correction.settled', data: { direction: 'credit' } }]);
    expect(JSON.stringify(events)).not.toContain('looked');
    const said = (of: string) =>
      here.world.rows<{ principal: string; action: string; reason: string }>(
        `select a.principal, a.action, a.detail ->> 'reason' as reason
           from ledger.audit a join ledger.operation o on o.id = a.op
          where o.op_id = $1 and a.action like 'finding.%' order by a.id`,
        of,
      );
    const lines = both.map((one) => ({
      ...{ principal: one, action: 'finding.corrected', reason: `${one} looked` },
    }));
    expect(await said(opId)).toEqual(lines);
    expect(await said(`${payment}`)).toEqual([
      { ...lines[0], action: 'finding.proposed' },
      ...lines,
    ]);
  });

  test('of nobody, too, and by each tenant for itself', async () => {
    const { tenant, the, correct } = await aTenantWithAFinding('nobody');
    const other = here.aTenant();
    await other.open('alice', { funds: 5 });

    expect(await correct('ada')).toEqual(proposed);
    expect((await desk.findings.list(other.tenant, {}, { limit: 1 })).rows[0]).toMatchObject({
      ...{ id: (await the())?.id, correction: null },
    });
    expect(await correct('bob', {}, other)).toEqual(proposed);
    expect(await correct('bob')).toEqual(proposed);
    expect(await correct('ada')).toEqual(corrected);

    expect(await tenant.balance('alice')).toMatchObject({ posted: 110 });
    expect(await other.balance('alice')).toMatchObject({ posted: 5 });
    expect(await correct('eve', {}, other)).toEqual(refused('invalid-state'));
    expect([await tenant.violations(), await other.violations()]).toEqual([[], []]);
  });

  test.each<[string, Given, Wanted]>([
    ['a frozen account', { status: 'frozen', funds: 9 }, { direction: 'debit', amount: 9 }],
    ['one that may be below zero', { overdraftLimit: 7 }, { direction: 'debit', amount: 7 }],
    ['one that never had money', { currency: 'JPY' }, { currency: 'JPY' }],
  ])('of %s', async (_, given, wanted) => {
    const { tenant, correct } = await aTenantWithAFinding();
    await tenant.open('carol', given);

    for (const person of both) await correct(person, { account: 'carol', ...wanted });

    const { amount = 10, direction } = wanted;
    const posted = (given.funds ?? 0) + (direction === 'debit' ? -amount : amount);
    expect(await tenant.balance('carol')).toMatchObject({ posted });
    expect(await tenant.violations()).toEqual([]);
  });

  test('by more than one slot of an account has, when all together have it', async () => {
    const { tenant, correct } = await aTenantWithAFinding();

    for (const person of both) await correct(person, debitOf('shop', 40));

    expect(await tenant.balance('shop')).toMatchObject({ posted: 0 });
    expect(await tenant.violations()).toEqual([]);
  });
});

describe('a finding is not corrected', () => {
  test('by one person, however often', async () => {
    const { tenant, the, correct } = await aTenantWithAFinding();

    for (let n = 0; n < 3; n += 1) expect(await correct('ada')).toEqual(proposed);

    expect(await the()).toMatchObject({ state: 'open', correction: { by: { length: 1 } } });
    expect(await tenant.balance('alice')).toMatchObject({ posted: 100 });
  });

  test.each<[string, Wanted]>([
    ['amount', { amount: 11 }],
    ['direction', { direction: 'debit' }],
    ['account', { account: 'shop' }],
  ])('by two who ask for another %s: the later takes the place', async (_, wanted) => {
    const { tenant, the, correct } = await aTenantWithAFinding();

    const answers = [await correct('ada'), await correct('bob', wanted), await correct('bob')];

    expect(answers).toEqual([proposed, proposed, proposed]);
    expect(await the()).toMatchObject({ correction: { amount: 10, by: [{ principal: 'bob' }] } });
    expect(await tenant.balance('alice')).toMatchObject({ posted: 100 });
    expect(await correct('ada')).toEqual(corrected);
    expect(await tenant.balance('alice')).toMatchObject({ posted: 110 });
  });

  test.each<[string, Wanted, Given]>([
    ['account-unknown', { account: 'nobody' }, {}],
    ['account-unknown', { account: '@funding:EUR' }, {}],
    ['account-closed', { account: 'carol' }, { status: 'closed' }],
    ['currency-mismatch', { account: 'carol' }, { currency: 'JPY' }],
    ['insufficient-funds', debitOf('carol', 10), { funds: 9 }],
    ['insufficient-funds', debitOf('alice', 100), {}],
    ['insufficient-funds', debitOf('shop', 41), {}],
    ['balance-limit-exceeded', { amount: 2 ** 53 - 1 }, {}],
    ['finding-unknown', { finding: 'finding_none' }, {}],
  ])('when it is refused: %s of %j', async (code, wanted, given) => {
    const { tenant, the, correct } = await aTenantWithAFinding();
    await tenant.open('carol', given);
    const before = await tenant.everything();

    expect(await correct('ada', wanted)).toEqual(refused(code));

    expect(await the()).toMatchObject({ state: 'open', correction: null });
    expect(await tenant.everything()).toBe(before);
  });

  test('while the money is not there, and may be asked for again', async () => {
    const { tenant, correct } = await aTenantWithAFinding();
    await correct('ada', debitOf('alice', 99));
    const held = await tenant.held({ account: 'alice', amount: 1 });
    const before = await tenant.everything();

    expect(await correct('bob', debitOf('alice', 99))).toEqual(refused('insufficient-funds'));
    expect(await tenant.everything()).toBe(before);
    await here.world.ledger.release(held, { kind: 'withdrawn' });

    expect(await correct('bob', debitOf('alice', 99))).toEqual(corrected);
    expect(await tenant.balance('alice')).toMatchObject({ posted: 1, available: 0 });
  });

  test('twice, whoever asks again', async () => {
    const { tenant, correct } = await aTenantWithAFinding();
    await correct('ada');
    const first = await correct('bob');
    const before = await tenant.everything();

    expect([await correct('bob'), await correct('ada')]).toEqual([first, first]);
    expect(await correct('eve')).toEqual(refused('invalid-state'));
    expect(await correct('bob', { amount: 11 })).toEqual(refused('invalid-state'));
    expect(await tenant.everything()).toBe(before);
  });

  test('twice by many calls of two people at once', async () => {
    const { tenant, correct } = await aTenantWithAFinding();

    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, n) => correct(n % 2 === 0 ? 'ada' : 'bob')),
    );

    expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['proposed', 'corrected']));
    expect(await tenant.balance('alice')).toMatchObject({ posted: 110 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('after a person accepted it', async () => {
    const { tenant, finding, correct } = await aTenantWithAFinding();
    await correct('ada');
    const by = { tenant: tenant.tenant, principal: 'eve', actor: 'eve', note: 'I know of it' };
    await desk.findings.accept({ ...by, findingId: finding });

    for (const person of both) expect(await correct(person)).toEqual(refused('invalid-state'));
    expect(await tenant.balance('alice')).toMatchObject({ posted: 100 });
  });

  test('on a word from before it went and came back', async () => {
    const { correct, sweep, the } = await aTenantWithAFinding();
    await correct('ada');

    await sweep(false);
    expect(await correct('bob')).toEqual(refused('invalid-state'));
    await sweep();

    expect(await the()).toMatchObject({ state: 'open', correction: null });
    expect(await correct('bob')).toEqual(proposed);
  });

  test('twice when it is seen again after it was forgotten', async () => {
    const { tenant, correct, sweep, the } = await aTenantWithAFinding();
    for (const person of both) await correct(person);
    await createPrune(here.world.database, 0)(100);
    expect(await the()).toBeUndefined();
    await sweep();

    for (const person of both) expect(await correct(person)).toEqual(refused('invalid-state'));
    expect(await the()).toMatchObject({ state: 'open' });
    expect(await tenant.balance('alice')).toMatchObject({ posted: 110 });
  });

  test('for another tenant', async () => {
    const { correct } = await aTenantWithAFinding();
    const other = here.aTenant();
    await other.open('alice', { funds: 100 });

    for (const person of both) {
      expect(await correct(person, {}, other)).toEqual(refused('finding-unknown'));
    }
    expect(await other.balance('alice')).toMatchObject({ posted: 100 });
  });
});

function debitOf(account: string, amount: number): Wanted {
  return { account, amount, direction: 'debit' };
}
