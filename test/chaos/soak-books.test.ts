import { expect, test } from 'vitest';
import type { OpId } from '../../src/domain/index.js';
import type { readSandboxLedger } from '../../src/providers/sandbox/index.js';
import { type Booked, disagreements } from './soak-books.js';

type Entries = Awaited<ReturnType<typeof readSandboxLedger>>;

const [payment, refund, late] = ['op_payment', 'op_refund', 'op_late'] as OpId[] as [
  OpId,
  OpId,
  OpId,
];
const paid: Booked = {
  ...{ opId: payment, domain: 'Payment', state: 'COMPLETED', phase: null, minor: 10 },
  ...{ method: 'card', parent: null },
};
const returned: Booked = { ...paid, opId: refund, domain: 'Refund', minor: 4, parent: payment };
const failed: Booked = { ...paid, state: 'FAILED', minor: null };
const undone: Booked = { ...returned, opId: late, domain: 'Late', minor: null };

test.each<[string, readonly Booked[], Entries, number]>([
  ['a payment that both have', [paid], [charge(10)], 0],
  ['one that was taken twice', [paid], [charge(10), charge(10)], 2],
  ['one that was taken for another amount', [paid], [charge(9)], 1],
  ['one that the provider does not have', [paid], [], 1],
  ['one that only the provider has', [], [charge(10)], 1],
  ['one that was declined', [failed], [charge(10, 'declined')], 0],
  ['one that failed here, and was taken there', [failed], [charge(10)], 1],
  ['the same, given back since', [failed, undone], [charge(10), move('refund', 10, late)], 0],
  ['one in front of a person', [{ ...failed, state: 'IN_PROGRESS', phase: 'parked' }], [], 0],
  ['a hold that was let go', [failed], [charge(10, 'authorized'), move('void', 10)], 0],
  ['a hold of which part was taken', [paid], [charge(15, 'authorized'), move('capture', 10)], 0],
  ['a transfer', [{ ...paid, method: 'balance' }], [], 0],
  ['a refund', [paid, returned], [charge(10), move('refund', 4, refund)], 0],
  ['a refund that never left', [paid, returned], [charge(10)], 1],
])('sees %s', (_, booked, entries, wrongs) => {
  expect(disagreements(booked, entries)).toHaveLength(wrongs);
});

function charge(
  amount: number,
  decided: 'captured' | 'authorized' | 'declined' = 'captured',
): Entries[number] {
  const reference = `${payment}:${decided === 'authorized' ? 'authorize' : 'charge'}.1:1`;
  const one = { id: 'ch_1', reference, amount, currency: 'EUR', createdAt: 0, decided } as const;
  return { type: 'charge', fingerprint: '', charge: one };
}

function move(
  kind: 'capture' | 'void' | 'refund',
  amount: number,
  opId = payment,
): Entries[number] {
  const reference = `${opId}:${kind}.1:1`;
  const one = { id: 'm_1', kind, reference, chargeId: 'ch_1', amount, createdAt: 0 } as const;
  return { type: 'move', fingerprint: '', move: { ...one, currency: 'EUR' } };
}
