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

// All arithmetic on minor units: what comes of it is whole and exact, or a RangeError: a bug.

/** The sum of minor units. */
export function plus(minor: number, ...others: readonly number[]): number {
  return others.reduce((sum, other) => exact(sum + other), exact(minor));
}

/** What is left of minor units when others are taken away; below zero when they are more. */
export function minus(minor: number, ...others: readonly number[]): number {
  return others.reduce((left, other) => exact(left - other), exact(minor));
}

/** The smallest of these minor units. */
export function least(minor: number, ...others: readonly number[]): number {
  return Math.min(exact(minor), ...others.map(exact));
}

/** So many whole percent of minor units, rounded down; the product may be beyond 2^53. */
export function percentOf(minor: number, percent: number): number {
  return Number((BigInt(minor) * BigInt(percent)) / 100n);
}

/** The last decimal digits of minor units: 34 of 1234, where `count` is 2. */
export function lastDigitsOf(minor: number, count: number): number {
  return exact(minor) % 10 ** count;
}

/** Minor units as units of which each has so many; undefined where that would not be exact. */
export function inUnits(minor: number, unitsPerMinor: number): number | undefined {
  const units = minor * unitsPerMinor;
  return Number.isSafeInteger(units) ? units : undefined;
}

/** The way back from `inUnits`; undefined for what is no whole number of minor units. */
export function ofUnits(units: number, unitsPerMinor: number): number | undefined {
  const minor = units / unitsPerMinor;
  return Number.isSafeInteger(minor) ? minor : undefined;
}

function exact(minor: number): number {
  if (!Number.isSafeInteger(minor)) throw new RangeError(`not whole minor units: ${minor}`);
  return minor;
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
