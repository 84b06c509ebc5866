import { type Currency, exponentOf } from './currency.js';

/** A whole, positive or zero number of minor units. */
export interface Money {
  readonly minor: number;
  readonly currency: Currency;
}

/** The largest amount of one operation, in minor units: well below 2^53, so sums stay exact. */
export const amountMax = 999_999_999_999_999;

/** Money of `minor` units; throws RangeError unless 0 <= minor <= amountMax and whole: a bug. */
export function money(minor: number, currency: Currency): Money {
  if (!Number.isSafeInteger(minor) || minor < 0 || minor > amountMax) {
    throw new RangeError(`not an amount of minor units: ${minor}`);
  }
  return { minor, currency };
}

/**
 * For people: `12.50 USD`, `100 JPY`, `0.100 KWD`. No float touches it. Takes negative sums too.
 */
export function formatMoney(minor: number | bigint, currency: Currency): string {
  const decimals = exponentOf(currency);
  const digits = (minor < 0 ? -BigInt(minor) : BigInt(minor))
    .toString()
    .padStart(decimals + 1, '0');
  const sign = minor < 0 ? '-' : '';
  const whole = digits.slice(0, digits.length - decimals);
  const part = decimals === 0 ? '' : `.${digits.slice(-decimals)}`;
  return `${sign}${whole}${part} ${currency}`;
}
