import { describe, expect, test } from 'vitest';
import { confirms, type Ending, type OutsideAnswer } from '../../src/domain/index.js';

const reference = 'op_a:charge.1:1';
const sum = { minor: 30_00, currency: 'EUR' } as const;
const captured = { kind: 'captured', reference, chargeId: 'ch_1', ...sum } as const;
const authorized = { ...captured, kind: 'authorized' } as const;
const refunded = { ...captured, kind: 'refunded' } as const;
const ofRefund = { ...refunded, reference: 'op_b:refund.1:1' } as const;
const returned = { kind: 'returned', opId: 'op_b', returned: 30_00, currency: 'EUR' };
const letGo = { kind: 'voided', reference: 'op_a:void.1:1', chargeId: 'ch_1' } as const;
const voided = { kind: 'voided', reference, chargeId: 'ch_1' } as const;
const declined = { kind: 'declined', reference, declineCode: 'no' } as const;
const paidOut = { kind: 'paid-out', reference, payoutId: 'po_1', ...sum } as const;
const settled = { kind: 'settled', opId: 'op_a', chargeId: 'ch_1', ...sum };
const sent = { kind: 'settled', opId: 'op_a', payoutId: 'po_1', ...sum };
const refused = { kind: 'fail', code: 'declined' };

describe('evidence of an operation that ended', () => {
  test.each<[string, OutsideAnswer, Ending]>([
    ['the capture that settled it', captured, settled],
    ['the authorisation before its capture', authorized, settled],
    ['the payout that was sent', paidOut, sent],
    ['a decline of what was refused', declined, refused],
    ['a void of what was refused', voided, refused],
    ['the refund that settled it', ofRefund, settled],
    ['the refund that gave late money back', ofRefund, returned],
    ['the void that gave late money back', letGo, returned],
    ['the void of what was not captured', letGo, settled],
  ])('says nothing new: %s', (_, evidence, ending) => {
    expect(confirms(evidence, ending)).toBe(true);
  });

  test.each<[string, OutsideAnswer, Ending]>([
    ['a capture of what was refused', captured, refused],
    ['a capture under another charge', { ...captured, chargeId: 'ch_2' }, settled],
    ['a capture of another amount', { ...captured, minor: 1 }, settled],
    ['a capture in another currency', { ...captured, currency: 'USD' }, settled],
    ['an authorisation of what was refused', authorized, refused],
    ['an authorisation of another charge', { ...authorized, chargeId: 'ch_2' }, settled],
    ['a decline of what was settled', declined, settled],
    ['a void of what was settled', voided, settled],
    ['a refund of what was settled', refunded, settled],
    ['a refund of what was refused', refunded, refused],
    ['a refund that was refused here', ofRefund, refused],
    ['a refund of another amount', { ...ofRefund, minor: 1 }, settled],
    ['another payout', { ...paidOut, payoutId: 'po_2' }, sent],
    ['a payout of another amount', { ...paidOut, minor: 1 }, sent],
    ['a payout of what was refused', paidOut, refused],
    ['a contradiction', { kind: 'contradicted', reference, detail: 'x' }, settled],
    ['a decision that is still to come', { kind: 'pending', reference }, refused],
  ])('says something new: %s', (_, evidence, ending) => {
    expect(confirms(evidence, ending)).toBe(false);
  });
});
