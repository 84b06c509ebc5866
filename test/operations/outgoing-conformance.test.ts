import { expect } from 'vitest';
import { type AccountId, lateCommandOf, type OpId } from '../../src/domain/index.js';
import type { RunningWorld } from '../support/running-world.js';
import { type Case, conforms, declined, endsRefused, refused } from './conformance.js';

// Money that leaves: given back to who paid it, sent out, and given back when it came late.

conforms({
  of: 'refund',
  name: 'a refund',
  steps: ['holdRefund', 'refund', 'settle'],
  refusals: { holdRefund: refused, refund: declined('refund.1') },
  begin: (world) => aRefund(world, 'settled'),
});

conforms({
  of: 'refund',
  name: 'a refund that is declined',
  steps: ['holdRefund', 'refund', 'release'],
  deaths: ['refund', 'release'],
  refusals: { holdRefund: refused },
  begin: (world) => aRefund(world, 'declined'),
});

conforms({
  of: 'payout',
  name: 'a payout',
  steps: ['holdPayout', 'payout', 'settle'],
  refusals: { holdPayout: refused, payout: declined('payout.1') },
  begin: (world) => aPayout(world, 'settled'),
});

conforms({
  of: 'payout',
  name: 'a payout that fails',
  steps: ['holdPayout', 'payout', 'release'],
  deaths: ['payout', 'release'],
  refusals: { holdPayout: refused },
  begin: (world) => aPayout(world, 'declined'),
});

conforms({
  of: 'late',
  name: 'a late success that is refunded',
  steps: ['beginLate', 'writeAttempt', 'refund', 'endLate'],
  refusals: { beginLate: refused },
  begin: (world) => aLateSuccess(world, 'captured'),
});

conforms({
  of: 'late',
  name: 'a late success that is voided',
  steps: ['beginLate', 'writeAttempt', 'void', 'endLate'],
  refusals: { beginLate: refused },
  deaths: ['void', 'endLate'],
  begin: (world) => aLateSuccess(world, 'authorized'),
});

type End = 'settled' | 'declined';
const amount = 9_00;

async function aRefund(world: RunningWorld, end: End): Promise<Case> {
  const account = await world.account(100_00);
  const payment = await world.pay({ account, amount: 30_00 });
  expect(await world.client.result(payment)).toMatchObject({ kind: 'settled' });
  const payload = { payment, account, amount, currency: 'EUR' };
  return moving(world, { step: 'refund', end, payload, account, before: 70_00, after: 79_00 });
}

async function aPayout(world: RunningWorld, end: End): Promise<Case> {
  const account = await world.account(100_00);
  const payload = { account, amount, currency: 'EUR', destination: 'bank_1' };
  return moving(world, { step: 'payout', end, payload, account, before: 100_00, after: 91_00 });
}

interface Move {
  readonly step: 'refund' | 'payout';
  readonly end: End;
  readonly payload: object;
  readonly account: AccountId;
  /** What is available without the move, and with it. */
  readonly before: number;
  readonly after: number;
}

async function moving(world: RunningWorld, move: Move): Promise<Case> {
  const { step, end, payload, account, before, after } = move;
  if (end === 'declined') {
    await world.fault({ fault: 'decline', match: { method: 'POST', amount } });
  }
  const stands = async (opId: OpId, available: number, effects: readonly string[]) => {
    expect(await world.available(account)).toBe(available);
    expect(await world.effects(opId)).toEqual(effects);
  };
  const cleanSlate = (opId: OpId) => stands(opId, before, []);
  if (end === 'declined') return { payload, cleanSlate, ended: endsRefused(end, cleanSlate) };
  return {
    payload,
    cleanSlate,
    ended: async (opId, result) => {
      expect(result).toMatchObject({ kind: 'settled', minor: amount });
      return stands(opId, after, [`${step}.1`]);
    },
  };
}

/** The provider acted on a payment that had ended without it. */
async function aLateSuccess(world: RunningWorld, kind: 'captured' | 'authorized'): Promise<Case> {
  const account = await world.account(0);
  const payment = await world.pay({ account, amount });
  expect(await world.client.result(payment)).toMatchObject({ code: 'insufficient-funds' });
  const [first, back] = kind === 'captured' ? ['charge', 'refund'] : ['authorize', 'void'];
  const reference = `${payment}:${first}.1:1`;
  const answer = await fetch(`${world.providerUrl}/charges`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': reference },
    body: JSON.stringify({ reference, amount, currency: 'EUR', capture: kind === 'captured' }),
  });
  const { id: chargeId } = (await answer.json()) as { id: string };
  const evidence = { kind, reference, chargeId, minor: amount, currency: 'EUR' } as const;
  return {
    payload: lateCommandOf(payment, account, evidence)?.payload ?? {},
    cleanSlate: async (opId) => expect(await world.effects(opId)).toEqual([]),
    ended: async (opId, result) => {
      expect(result).toMatchObject({ kind: 'returned', returned: amount });
      expect(await world.effects(opId)).toEqual([`${back}.1`]);
      expect(await world.available(account)).toBe(0);
    },
  };
}
