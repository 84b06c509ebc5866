import { type Answer, errorAnswer, refused } from './answer.js';
import { amountFault, type Book, type Movement, note, stored } from './book.js';
import { type Form, textIn, wholeIn } from './form.js';
import { onIntent } from './intents.js';

/** Gives captured money back. */
export function createRefund(book: Book, form: Form): Answer {
  return onIntent(book, textIn(form, 'payment_intent') ?? '', (intent) => {
    const given = [...book.refunds.values()].filter((each) => each.payment_intent === intent.id);
    const left = intent.amount_received - given.reduce((sum, { amount }) => sum + amount, 0);
    const amount = wholeIn(form, 'amount') ?? left;
    if (left === 0) return refused('charge_already_refunded');
    // Stripe gives no code here.
    if (amount > left) return errorAnswer(400, 'invalid_request_error');
    const refund: Movement = {
      ...stored(book, 're', 'refund', form),
      amount,
      currency: intent.currency,
      status: 'succeeded',
      payment_intent: intent.id,
    };
    book.refunds.set(refund.id, refund);
    note(book, 'refunded', refund);
    return { status: 200, body: { ...refund } };
  });
}

/** Sends money out; it is on its way until somebody says otherwise. */
export function createPayout(book: Book, form: Form): Answer {
  const payout: Movement = {
    ...stored(book, 'po', 'payout', form),
    status: 'pending',
    destination: textIn(form, 'destination') ?? null,
    failure_code: null,
  };
  const wrong = amountFault(payout);
  if (wrong) return wrong;
  if (payout.destination === 'ba_simulator_broke') return refused('balance_insufficient');
  book.payouts.set(payout.id, payout);
  note(book, 'paid-out', payout);
  return { status: 200, body: { ...payout } };
}
