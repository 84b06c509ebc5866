import { describe, expect, test } from 'vitest';
import { referenceOf } from '../../src/domain/index.js';
import { captureOf } from '../support/envelopes.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld();
const part = { final: false, tolerancePercent: 15 };

async function anAuthorisation(tenant: Tenant, { funds = 200, amount = 100 } = {}) {
  await tenant.open('alice', { funds });
  await tenant.open('shop', { kind: 'merchant' });
  const envelope = await tenant.held({ account: 'alice', amount, capture: 'multiple' });
  const taken = (n: number, minor: number) =>
    captureOf(envelope, { reference: referenceOf(envelope.opId, `capture.${n}`, 1), minor });
  return { envelope, opId: envelope.opId, taken };
}

describe('a hold of several captures', () => {
  test('moves each part, keeps the rest, and gives back what is left with the last', async () => {
    const { ledger, reads } = here.world;
    const tenant = here.aTenant();
    const { opId, taken } = await anAuthorisation(tenant);

    const first = await ledger.beginCapture(opId, { step: 'capture.1', minor: 30, ...part });
    const moved = await ledger.settle(opId, taken(1, 30), { step: 'settle.1', final: false });
    const between = await tenant.balance('alice');
    await ledger.beginCapture(opId, { step: 'capture.2', minor: 20, ...part, final: true });
    const last = await ledger.settle(opId, taken(2, 20), { step: 'settle.2', final: true });

    expect(first).toMatchObject({ kind: 'capturing', reference: `${opId}:capture.1:1`, minor: 30 });
    expect(moved).toMatchObject({ kind: 'captured-part', minor: 30 });
    expect(between).toEqual({ posted: 170, held: 70, available: 100 });
    expect(last).toMatchObject({ kind: 'settled', minor: 50 });
    expect(await tenant.balance('alice')).toEqual({ posted: 150, held: 0, available: 150 });
    expect(await tenant.balance('shop')).toMatchObject({ posted: 50 });
    expect(await reads.operation(tenant.tenant, opId)).toMatchObject({ state: 'COMPLETED' });
    expect(await tenant.violations()).toEqual([]);
  });

  test('ends settled with what was captured when the rest is let go', async () => {
    const { ledger } = here.world;
    const tenant = here.aTenant();
    const { envelope, opId, taken } = await anAuthorisation(tenant);
    await ledger.beginCapture(opId, { step: 'capture.1', minor: 30, ...part });
    await ledger.settle(opId, taken(1, 30), { step: 'settle.1', final: false });
    const { kind, reference } = await ledger
      .writeAttempt(opId, 'void.1', 1, 100)
      .then((a) => a as never);

    const ended = await ledger.release(envelope, {
      ...{ kind: 'voided', reference, chargeId: 'ch_1', code: 'withdrawn' },
    });

    expect(kind).toBe('attempted');
    const chargeId = `ch_${opId}`;
    expect(ended).toMatchObject({ kind: 'settled', minor: 30, chargeId });
    expect(await tenant.balance('alice')).toEqual({ posted: 170, held: 0, available: 170 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('sets aside what goes beyond it, before the provider is asked', async () => {
    const { ledger } = here.world;
    const tenant = here.aTenant();
    const { opId, taken } = await anAuthorisation(tenant);

    await ledger.beginCapture(opId, { step: 'capture.1', minor: 115, ...part, final: true });
    const between = await tenant.balance('alice');
    const settled = await ledger.settle(opId, taken(1, 115), { step: 'settle.1', final: true });

    expect(between).toEqual({ posted: 200, held: 115, available: 85 });
    expect(settled).toMatchObject({ kind: 'settled', minor: 115 });
    expect(await tenant.balance('alice')).toEqual({ posted: 85, held: 0, available: 85 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('sets the rest aside with it, and ends when the rest is charged too', async () => {
    const { ledger, reads } = here.world;
    const tenant = here.aTenant();
    const { opId, charged, begun, between } = await aCaptureWithRest(tenant);

    const rest = await ledger.settle(opId, charged, { step: 'settle.rest', final: true });

    expect(begun).toMatchObject({ kind: 'capturing', minor: 115 });
    expect(between).toEqual({ posted: 85, held: 35, available: 50 });
    // The charge that was authorised, not the last one.
    expect(rest).toMatchObject({ kind: 'settled', minor: 150, chargeId: `ch_${opId}` });
    expect(await tenant.balance('alice')).toEqual({ posted: 50, held: 0, available: 50 });
    expect(await tenant.balance('shop')).toMatchObject({ posted: 150 });
    expect(await reads.operation(tenant.tenant, opId)).toMatchObject({ state: 'COMPLETED' });
    expect(await tenant.violations()).toEqual([]);
  });

  test('ends settled with what was captured when the rest is declined', async () => {
    const { ledger } = here.world;
    const tenant = here.aTenant();
    const { envelope, opId, charged } = await aCaptureWithRest(tenant);
    const { reference } = charged;

    const ended = await ledger.release(envelope, {
      ...{ kind: 'declined', reference, declineCode: 'card-declined' },
    });

    expect(ended).toMatchObject({ kind: 'settled', minor: 115, chargeId: `ch_${opId}` });
    expect(await tenant.balance('alice')).toEqual({ posted: 85, held: 0, available: 85 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('refuses a capture whose rest is not there, and changes nothing', async () => {
    const tenant = here.aTenant();
    const { opId } = await anAuthorisation(tenant, { funds: 149 });
    const before = await tenant.everything();

    const asked = { step: 'capture.1', minor: 115, ...part, final: true, rest: 35 };
    const answer = await here.world.ledger.beginCapture(opId, asked);

    expect(answer).toMatchObject({ kind: 'fail', code: 'insufficient-funds' });
    expect(await tenant.everything()).toBe(before);
  });

  test.each([
    ['more than the hold and its tolerance', 116, 'capture-exceeds-hold'],
    ['what goes beyond it and is not there', 110, 'insufficient-funds'],
  ])('refuses %s and changes nothing', async (_, minor, code) => {
    const tenant = here.aTenant();
    const { opId } = await anAuthorisation(tenant, { funds: 105 });
    const before = await tenant.everything();

    const answer = await here.world.ledger.beginCapture(opId, {
      step: 'capture.1',
      minor,
      ...part,
    });

    expect(answer).toMatchObject({ kind: 'fail', code });
    expect(await tenant.everything()).toBe(before);
  });

  test.each([
    ['of a capture that was not begun', 2, 30, 'capture.1'],
    ['of another amount than was asked', 1, 31, 'capture.1'],
  ])('does not take the proof %s', async (_, n, minor, step) => {
    const { ledger } = here.world;
    const tenant = here.aTenant();
    const { opId, taken } = await anAuthorisation(tenant);
    await ledger.beginCapture(opId, { step, minor: 30, ...part });
    const before = await tenant.everything();

    const answer = await ledger.settle(opId, taken(n, minor), { step: 'settle.1', final: false });

    expect(answer).toEqual({ kind: 'conflict', reason: 'evidence-mismatch' });
    expect(await tenant.everything()).toBe(before);
  });

  // blnk PR #171: concurrent commits of one hold read the same amount left.
  test('takes no more than it holds when many captures come at once', async () => {
    const { ledger } = here.world;
    const tenant = here.aTenant();
    const { opId, taken } = await anAuthorisation(tenant, { funds: 1_000 });

    const all = await Promise.all(
      Array.from({ length: 16 }, async (__, index) => {
        const n = index + 1;
        const asked = { step: `capture.${n}`, minor: 30, final: false, tolerancePercent: 0 };
        const begun = await ledger.beginCapture(opId, asked);
        if (begun.kind === 'fail') return begun.code;
        const move = { step: `settle.${n}`, final: false };
        return (await ledger.settle(opId, taken(n, 30), move)).kind;
      }),
    );

    const { posted, held } = await tenant.balance('alice');
    const captured = all.filter((kind) => kind === 'captured-part' || kind === 'settled');
    expect(1_000 - posted).toBe(captured.length * 30);
    expect(captured.length * 30).toBeLessThanOrEqual(100);
    expect(held).toBe(100 - captured.length * 30);
    expect(await tenant.violations()).toEqual([]);
  });

  // midaz #1519: two commits of the same hold both applied; blnk #182: a rejected one committed.
  test('has one winner when its last capture and its release come at once', async () => {
    const { ledger } = here.world;
    const tenant = here.aTenant();
    const { envelope, opId, taken } = await anAuthorisation(tenant);
    await ledger.beginCapture(opId, { step: 'capture.1', ...part, final: true });
    const voided = {
      kind: 'voided',
      reference: `${opId}:authorize.1:1`,
      chargeId: 'ch_1',
    } as const;

    const answers = await Promise.all([
      ledger.settle(opId, taken(1, 100), { step: 'settle.1', final: true }),
      ledger.release(envelope, { ...voided, code: 'hold-expired' }),
      ledger.settle(opId, taken(1, 100), { step: 'settle.1', final: true }),
    ]);

    const [settled, released, again] = answers.map(({ kind }) => kind);
    expect([settled, released, again]).toEqual(
      released === 'released'
        ? ['conflict', 'released', 'conflict']
        : ['settled', 'conflict', 'settled'],
    );
    expect((await tenant.balance('alice')).held).toBe(0);
    expect(await tenant.violations()).toEqual([]);
  });
});

test('a hold can be made to end later, until it has ended', async () => {
  const { ledger, rows } = here.world;
  const tenant = here.aTenant();
  const { envelope, opId } = await anAuthorisation(tenant);
  const later = Date.parse('2030-01-01T00:00:00Z');

  const extended = await ledger.extendHold(opId, 'extend.1', later);
  await ledger.release(envelope, { kind: 'withdrawn' });

  expect(extended).toMatchObject({ kind: 'extended', expiresAt: later });
  expect(await ledger.extendHold(opId, 'extend.2', later)).toMatchObject({ code: 'invalid-state' });
  const [hold] = await rows<{ expires_at: string }>(
    `select h.expires_at from ledger.hold h join ledger.operation o on o.id = h.op
      where op_id = $1`,
    opId,
  );
  expect(Date.parse(hold?.expires_at ?? '')).toBe(later);
});

/** 115 of a hold of 100 are captured, and 35 more are set aside and about to be charged. */
async function aCaptureWithRest(tenant: Tenant) {
  const { ledger } = here.world;
  const hold = await anAuthorisation(tenant);
  const { envelope, opId, taken } = hold;
  const asked = { step: 'capture.1', minor: 115, ...part, final: true, rest: 35 };
  const begun = await ledger.beginCapture(opId, asked);
  await ledger.settle(opId, taken(1, 115), { step: 'settle.1', final: false });
  await ledger.writeAttempt(opId, 'charge.2', 1, 35);
  const reference = referenceOf(opId, 'charge.2', 1);
  const charged = captureOf(envelope, { reference, minor: 35, chargeId: 'ch_rest' });
  return { envelope, opId, begun, charged, between: await tenant.balance('alice') };
}
