import {
  type Currency,
  exponentOf,
  inUnits,
  isCurrency,
  lastDigitsOf,
  type Money,
  ofUnits,
} from '../../domain/index.js';

/** Money as Stripe writes it: its own smallest unit, the code in lower case. */
export interface StripeAmount {
  readonly amount: number;
  readonly currency: string;
}

/**
 * Refused, for Stripe has no such currency (BYTE), or says two things of it: UGX is on its list of
 * zero-decimal currencies and also among those written with two decimals. A guess would be wrong
 * by a factor of 100.
 */
const refused: readonly Currency[] = ['BYTE', 'UGX'];

/** The amount for a request, or the reason why Stripe cannot take it. Nothing is ever rounded. */
export function stripeAmountOf({ minor, currency }: Money): StripeAmount | string {
  if (refused.includes(currency)) return 'currency-unsupported';
  // Stripe wants the last digit of three-decimal currencies to be 0, "rounded to the nearest ten":
  // rounding would move other money than was held.
  if (exponentOf(currency) === 3 && lastDigitsOf(minor, 1) !== 0) return 'amount-not-in-tens';
  const amount = inUnits(minor, unitsPerMinor(currency));
  if (amount === undefined) return 'amount-too-large';
  return { amount, currency: currency.toLowerCase() };
}

/** What Stripe says as our money; undefined for what is no amount of a currency that we know. */
export function moneyOf(amount: unknown, code: unknown): Money | undefined {
  const currency = typeof code === 'string' ? code.toUpperCase() : undefined;
  if (!isCurrency(currency) || refused.includes(currency)) return undefined;
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount < 0) return undefined;
  const minor = ofUnits(amount, unitsPerMinor(currency));
  return minor === undefined ? undefined : { minor, currency };
}

/**
 * ISK has no decimals, and Stripe still writes two, always 00.
 * Source: docs.stripe.com/currencies, special cases.
 */
function unitsPerMinor(currency: Currency): number {
  return currency === 'ISK' ? 100 : 1;
}
