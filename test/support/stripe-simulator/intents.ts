import { type Answer, errorAnswer, refused } from './answer.js';
import { amountFault, type Book, type Intent, note, stored } from './book.js';
import { type Form, textIn, textsIn, wholeIn } from './form.js';

const holdSeconds = 7 * 24 * 3_600;

/** What the magic payment methods of Stripe's test mode do. */
const declines: Readonly<Record<string, readonly [code: string, declineCode?: string]>> = {
  pm_card_visa_chargeDeclined: ['card_declined', 'generic_decline'],
  pm_card_visa_chargeDeclinedInsufficientFunds: ['card_declined', 'insufficient_funds'],
  pm_card_chargeDeclinedExpiredCard: ['expired_card'],
  pm_card_authenticationRequired: ['authentication_required', 'authentication_required'],
};

/** Makes an intent, and confirms it where that is asked. */
export function createIntent(book: Book, form: Form): Answer {
  const made = stored(book, 'pi', 'payment_intent', form);
  const wrong = amountFault(made);
  if (wrong) return wrong;
  const intent: Intent = {
    ...made,
    status: 'requires_confirmation',
    amount_received: 0,
    amount_capturable: 0,
    capture_method: textIn(form, 'capture_method') ?? 'automatic_async',
    last_payment_error: null,
    latest_charge: null,
  };
  book.intents.set(intent.id, intent);
  return form.confirm === 'true'
    ? confirmIntent(book, intent, textIn(form, 'payment_method') ?? '')
    : { status: 200, body: { ...intent } };
}

/** Acts on an intent that there is. */
export function onIntent(book: Book, id: string, act: (intent: Intent) => Answer): Answer {
  const intent = book.intents.get(id);
  return intent === undefined ? refused('resource_missing', { param: 'intent' }) : act(intent);
}

/** Charges or authorises. */
export function confirmIntent(book: Book, intent: Intent, method: string): Answer {
  const [code, declineCode] = declines[method] ?? [];
  if (code !== undefined) {
    const error = { code, decline_code: declineCode, type: 'card_error', message: code };
    Object.assign(intent, { status: 'requires_payment_method', last_payment_error: error });
    const more = { decline_code: declineCode, payment_intent: { ...intent } };
    return errorAnswer(402, 'card_error', code, more);
  }
  if (method === 'pm_simulator_processing') {
    intent.status = 'processing';
  } else if (intent.capture_method === 'manual') {
    const card = { capture_before: intent.created + holdSeconds };
    const latest_charge = { id: `ch_${intent.id}`, payment_method_details: { card } };
    const status = 'requires_capture';
    Object.assign(intent, { status, amount_capturable: intent.amount, latest_charge });
    note(book, 'authorized', intent);
  } else {
    Object.assign(intent, { status: 'succeeded', amount_received: intent.amount });
    note(book, 'captured', intent);
  }
  return { status: 200, body: { ...intent } };
}

/** Takes what was authorised; the rest goes back. */
export function captureIntent(book: Book, intent: Intent, form: Form): Answer {
  if (intent.status !== 'requires_capture') return unexpected(intent);
  const amount = wholeIn(form, 'amount_to_capture') ?? intent.amount_capturable;
  if (amount > intent.amount_capturable) return refused('amount_too_large');
  const metadata = { ...intent.metadata, ...textsIn(form, 'metadata') };
  const done = { status: 'succeeded', amount_received: amount, amount_capturable: 0, metadata };
  Object.assign(intent, done);
  note(book, 'captured', intent, { minor: amount, reference: metadata.capture_reference });
  return { status: 200, body: { ...intent } };
}

/** Lets what was authorised go. */
export function cancelIntent(book: Book, intent: Intent): Answer {
  if (['succeeded', 'canceled', 'processing'].includes(intent.status)) return unexpected(intent);
  Object.assign(intent, { status: 'canceled', amount_capturable: 0 });
  note(book, 'canceled', intent);
  return { status: 200, body: { ...intent } };
}

function unexpected(intent: Intent): Answer {
  return refused('payment_intent_unexpected_state', { payment_intent: { ...intent } });
}
