import { describe, expect, test } from 'vitest';
import { captureOf, declineOf } from '../support/envelopes.js';
import { aCaseDesk, both, reason } from './a-case.js';
import { aWorld } from './world.js';

const here = aWorld();
const desk = aCaseDesk(here);
const { aParkedPayment } = desk;

const refused = { kind: 'conflict', reason: 'evidence-mismatch' };

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
    expect([await release(both), await settle(both, 'ch_1'), await settle(both, 'ch_2')]).toEqual(
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

  test('one approval and nobody else are not two people', async () => {
    const { tenant, act, release } = await aParkedPayment();
    await act('release', 'ada');

    expect(await release(['ada', null] as never)).toEqual(refused);
    expect(await tenant.balance('alice')).toMatchObject({ held: 30 });
  });

  test('what two people decided to give back is not settled without a charge', async () => {
    const { tenant, envelope, act } = await aParkedPayment();
    for (const person of both) await act('release', person);

    const proof = { kind: 'by-hand', by: both } as const;
    expect(await here.world.ledger.settle(envelope.opId, proof)).toEqual(refused);
    expect(await tenant.balance('alice')).toMatchObject({ held: 30 });
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

  test('only what is left of a hold goes back, and what was captured stays so', async () => {
    const { ledger } = here.world;
    const { tenant, envelope, capture, decided } = await aHoldOf30();
    await ledger.settle(envelope.opId, await capture(1), { step: 'settle.1', final: false });
    const found = await decided('release');

    const because = { kind: 'by-hand', by: both, code: 'released-by-hand' } as const;
    expect(await ledger.release(envelope, because)).toMatchObject({ kind: 'settled', minor: 10 });

    expect(found).toMatchObject({ amountAtRisk: 20 });
    expect(await tenant.balance('alice')).toEqual({ posted: 90, held: 0, available: 90 });
    const [ended] = (await desk.cases.list(tenant.tenant, {}, { limit: 1 })).rows;
    expect(ended).toMatchObject({ state: 'ended', endedBy: 'ada, bob' });
  });

  test('a capture in doubt moves as it was asked, and the rest goes back', async () => {
    const { ledger } = here.world;
    const { tenant, envelope, capture, decided } = await aHoldOf30();
    await ledger.settle(envelope.opId, await capture(1), { step: 'settle.1', final: false });
    await capture(2);
    await decided('settle');

    const proof = { kind: 'by-hand', by: both, chargeId: 'ch_1' } as const;
    expect(await ledger.settle(envelope.opId, proof)).toMatchObject({ kind: 'settled', minor: 20 });

    expect(await tenant.balance('alice')).toEqual({ posted: 80, held: 0, available: 80 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('a charge of a card is settled only by its name', async () => {
    const { tenant, the } = await aParkedPayment();
    const who = { tenant: tenant.tenant, principal: 'ada', actor: 'ada', reason: 'looked' };

    const answer = await desk.cases.act({ ...who, caseId: (await the()).id, action: 'settle' });

    expect(answer).toMatchObject({ kind: 'fail', code: 'charge-required' });
    expect(await the()).toMatchObject({ state: 'open' });
  });

  test('an ended case is past deciding', async () => {
    const { envelope, act } = await aParkedPayment();
    await here.world.ledger.release(envelope, declineOf(envelope));

    for (const action of ['verify', 'retry', 'settle', 'release', 'accept'] as const) {
      expect(await act(action, 'ada')).toMatchObject({ code: 'invalid-state' });
    }
  });
});

function decidedTo(action: 'settle' | 'release') {
  return both.map((person) => [action, person] as const);
}

/** A hold that is captured by tens, and a case of it that two people decide. */
async function aHoldOf30() {
  const tenant = here.aTenant();
  await tenant.open('alice', { funds: 100 });
  const envelope = await tenant.held({ account: 'alice', amount: 30, capture: 'multiple' });
  const { opId } = envelope;
  const { ledger } = here.world;
  const capture = async (n: number) => {
    const asked = { step: `capture.${n}`, minor: 10, final: false, tolerancePercent: 0 };
    const begun = await ledger.beginCapture(opId, asked);
    const reference = begun.kind === 'capturing' ? begun.reference : '';
    return captureOf(envelope, { reference, minor: 10 });
  };
  const decided = async (action: 'settle' | 'release') => {
    await ledger.notePhase(opId, 'parked.1', 'parked', { reason });
    const [found] = (await desk.cases.list(tenant.tenant, {}, { limit: 1 })).rows;
    for (const principal of both) {
      const who = { tenant: tenant.tenant, principal, actor: principal, reason: 'looked' };
      const charge = action === 'settle' ? { chargeId: 'ch_1' } : {};
      await desk.cases.act({ ...who, caseId: found?.id ?? '', action, ...charge });
    }
    return found;
  };
  return { tenant, envelope, capture, decided };
}
