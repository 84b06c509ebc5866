import { expect, test } from 'vitest';
import { aStep, aStripe } from './a-stripe.js';

const ok = (value: object) => ({ kind: 'ok', value });
const unreadable = { kind: 'unknown', reason: 'unreadable-answer', askAgainAfterMs: 1_000 };
const usd = { minor: 12_50, currency: 'USD' };
const chargeId = 'pi_one';

function standing(step: 'capture' | 'void' | 'refund' | 'payout') {
  const { reference } = aStep(step);
  return {
    reference,
    contradicted: (detail: string) => ok({ kind: 'contradicted', reference, detail }),
    declined: (declineCode: string) => ok({ kind: 'declined', reference, declineCode }),
    pending: ok({ kind: 'pending', reference }),
  };
}

const refund = standing('refund');
const refundOf = { id: 're_one', object: 'refund', status: 'succeeded', payment_intent: chargeId };

test.each<[object, object]>([
  [{}, ok({ kind: 'refunded', reference: refund.reference, chargeId, ...usd })],
  [{ status: 'pending' }, refund.pending],
  [{ status: 'requires_action' }, refund.pending],
  [
    { status: 'failed', failure_reason: 'expired_or_canceled_card' },
    refund.declined('expired_or_canceled_card'),
  ],
  [{ status: 'canceled' }, refund.declined('canceled')],
  [{ amount: 12_49 }, refund.contradicted('another amount')],
  [{ currency: 'eur' }, refund.contradicted('another currency')],
  [{ payment_intent: 'pi_two' }, refund.contradicted('another charge')],
  [{ metadata: null }, refund.contradicted('another reference')],
  [{ object: 'payout' }, unreadable],
  [{ status: null }, unreadable],
])('holds a refund with %o against what was asked', async (differs, understood) => {
  const { stripe, provider } = await aStripe();
  const { reference } = refund;
  const honest = { ...refundOf, amount: 12_50, currency: 'usd', metadata: { reference } };
  stripe.answerWith({ status: 200, body: { ...honest, ...differs } });

  expect(await provider.perform(aStep('refund', { chargeId }))).toEqual(understood);
});

const payout = standing('payout');

test.each<[object, object]>([
  [{}, ok({ kind: 'paid-out', reference: payout.reference, payoutId: 'po_one', ...usd })],
  [{ status: 'pending' }, payout.pending],
  [{ status: 'in_transit' }, payout.pending],
  [{ status: 'canceled' }, payout.declined('canceled')],
  [{ status: 'failed', failure_code: 'no_account' }, payout.declined('no_account')],
  [{ amount: 12_51 }, payout.contradicted('another amount')],
  [{ status: 'of-next-year' }, unreadable],
])('holds a payout with %o against what was asked', async (differs, understood) => {
  const { stripe, provider } = await aStripe();
  const { reference } = payout;
  const metadata = { reference };
  const honest = { id: 'po_one', object: 'payout', status: 'paid', amount: 12_50, currency: 'usd' };
  stripe.answerWith({ status: 200, body: { ...honest, metadata, ...differs } });

  expect(await provider.perform(aStep('payout'))).toEqual(understood);
});

const capture = standing('capture');
const voided = standing('void');
const intent = {
  id: chargeId,
  object: 'payment_intent',
  status: 'requires_capture',
  amount: 12_50,
  amount_received: 0,
  currency: 'usd',
  metadata: {},
};

test.each<['capture' | 'void', object, object]>([
  ['capture', {}, capture.contradicted('nothing was done')],
  ['capture', { id: 'pi_two' }, capture.contradicted('another charge')],
  ['capture', { currency: 'eur' }, capture.contradicted('another currency')],
  [
    'capture',
    { status: 'succeeded', amount_received: 12_50 },
    capture.contradicted('another capture'),
  ],
  [
    'capture',
    {
      status: 'succeeded',
      amount_received: 12_49,
      metadata: { capture_reference: capture.reference },
    },
    capture.contradicted('another captured amount'),
  ],
  ['capture', { status: 'processing' }, capture.pending],
  ['void', {}, voided.contradicted('nothing was done')],
  ['void', { amount: 99 }, voided.contradicted('another amount')],
  ['void', { id: 'pi_two', status: 'canceled' }, voided.contradicted('another charge')],
  ['void', { status: 'canceled' }, ok({ kind: 'voided', reference: voided.reference, chargeId })],
  ['void', { status: 'processing' }, voided.pending],
])('holds a %s with %o against what was asked', async (step, differs, understood) => {
  const { stripe, provider } = await aStripe();
  stripe.answerWith({ status: 200, body: { ...intent, ...differs } });

  expect(await provider.perform(aStep(step, { chargeId }))).toEqual(understood);
});
