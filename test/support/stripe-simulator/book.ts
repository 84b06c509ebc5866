import { type Answer, invalid } from './answer.js';
import { type Form, textIn, textsIn, wholeIn } from './form.js';

/** Money that moved, or stopped being able to. */
export interface Effect {
  readonly effect: 'authorized' | 'captured' | 'canceled' | 'refunded' | 'paid-out';
  readonly id: string;
  readonly minor: number;
  readonly currency: string;
  readonly reference: string | undefined;
  /** Under which it was done. */
  key?: string;
}

/** What every object has. */
export interface Stored {
  id: string;
  object: string;
  amount: number;
  currency: string;
  status: string;
  metadata: Record<string, string>;
  created: number;
  livemode: false;
}

/** A PaymentIntent. */
export interface Intent extends Stored {
  amount_received: number;
  amount_capturable: number;
  capture_method: string;
  last_payment_error: unknown;
  latest_charge: unknown;
}

/** A refund or a payout. */
export interface Movement extends Stored {
  payment_intent?: string;
  failure_reason?: string;
  failure_code?: string | null;
  destination?: string | null;
}

/** All there is, and the effects of it all. */
export interface Book {
  readonly intents: Map<string, Intent>;
  readonly refunds: Map<string, Movement>;
  readonly payouts: Map<string, Movement>;
  readonly effects: Effect[];
}

/** A book with nothing in it. */
export function createBook(): Book {
  return { intents: new Map(), refunds: new Map(), payouts: new Map(), effects: [] };
}

/** A new object out of a request, with an id that no other has. */
export function stored(book: Book, prefix: string, object: string, form: Form): Stored {
  const count = book.intents.size + book.refunds.size + book.payouts.size + 1;
  return {
    id: `${prefix}_${String(count).padStart(6, '0')}`,
    object,
    amount: wholeIn(form, 'amount') ?? 0,
    currency: textIn(form, 'currency') ?? '',
    status: '',
    metadata: textsIn(form, 'metadata'),
    created: Math.floor(Date.now() / 1_000),
    livemode: false,
  };
}

/** Writes an effect down. */
export function note(
  { effects }: Book,
  effect: Effect['effect'],
  of: Stored,
  { minor = of.amount, reference = of.metadata.reference } = {},
): void {
  effects.push({ effect, id: of.id, minor, currency: of.currency, reference });
}

/** Why an amount is none. */
export function amountFault({ amount, currency }: Stored): Answer | undefined {
  if (!/^[a-z]{3}$/.test(currency)) return invalid('parameter_missing', 'currency');
  if (amount < 1) return invalid('amount_too_small', 'amount');
  return amount > 99_999_999 ? invalid('amount_too_large', 'amount') : undefined;
}
