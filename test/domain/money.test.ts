import { describe, expect, test } from 'vitest';
import {
  amountMax,
  type Currency,
  currencies,
  exponentOf,
  formatMoney,
  inUnits,
  isCurrency,
  lastDigitsOf,
  least,
  minus,
  money,
  ofUnits,
  percentOf,
  plus,
} from '../../src/domain/index.js';

describe('money', () => {
  test.each([0, 1, 12_50, amountMax])('takes %i minor units', (minor) => {
    expect(money(minor, 'EUR')).toEqual({ minor, currency: 'EUR' });
  });

  test.each([-1, 0.5, amountMax + 1, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])(
    'calls %d minor units a bug',
    (minor) => {
      expect(() => money(minor, 'EUR')).toThrow(RangeError);
    },
  );

  test('leaves room for nine operations of the largest amount under 2^53', () => {
    expect(Number.isSafeInteger(amountMax * 9)).toBe(true);
  });
});

describe('arithmetic', () => {
  test.each([
    ['a sum', plus(1, 2, 3), 6],
    ['a difference', minus(10, 2, 3), 5],
    ['one below zero', minus(1, 2), -1],
    ['the least', least(3, 1, 2), 1],
    ['a percentage, rounded down', percentOf(1_01, 15), 15],
    ['one whose product is beyond 2^53', percentOf(amountMax, 15), 149_999_999_999_999],
    ['last digits', lastDigitsOf(1_234_567, 6), 234_567],
    ['units', inUnits(123, 100), 12_300],
    ['units beyond what is exact', inUnits(amountMax, 100), undefined],
    ['minor units', ofUnits(12_300, 100), 123],
    ['no whole minor units', ofUnits(12_345, 100), undefined],
  ])('gives %s', (_, got, expected) => {
    expect(got).toBe(expected);
  });

  test.each([
    ['a float', () => plus(0.1, 0.2)],
    ['a sum beyond 2^53', () => plus(2 ** 53 - 1, 1)],
    ['a difference with half a unit', () => minus(1, 0.5)],
    ['the least of what is no number', () => least(1, Number.NaN)],
    ['the digits of a float', () => lastDigitsOf(0.5, 1)],
    ['a percentage of a float', () => percentOf(0.5, 10)],
  ])('calls %s a bug', (_, reckon) => {
    expect(reckon).toThrow(RangeError);
  });
});

describe('formatMoney', () => {
  test.each<[number | bigint, Currency, string]>([
    [12_50, 'USD', '12.50 USD'],
    [5, 'USD', '0.05 USD'],
    [0, 'USD', '0.00 USD'],
    [-5, 'USD', '-0.05 USD'],
    [-12_50, 'EUR', '-12.50 EUR'],
    [100, 'JPY', '100 JPY'],
    [0, 'JPY', '0 JPY'],
    [-7, 'JPY', '-7 JPY'],
    [100, 'KWD', '0.100 KWD'],
    [1_234_567, 'KWD', '1234.567 KWD'],
    [4096, 'BYTE', '4096 BYTE'],
    [amountMax, 'USD', '9999999999999.99 USD'],
    [90_071_992_547_409_931n, 'USD', '900719925474099.31 USD'],
  ])('writes %s minor units of %s as %s', (minor, currency, expected) => {
    expect(formatMoney(minor, currency)).toBe(expected);
  });
});

describe('currencies', () => {
  test.each<[Currency, number]>([
    ['JPY', 0],
    ['KRW', 0],
    ['CLP', 0],
    ['USD', 2],
    ['EUR', 2],
    ['KWD', 3],
    ['BHD', 3],
    ['TND', 3],
    ['BYTE', 0],
  ])('%s has %i decimals', (currency, decimals) => {
    expect(exponentOf(currency)).toBe(decimals);
  });

  test('agree with the decimals that the platform knows', () => {
    const disagree = Object.entries(currencies).filter(([code, decimals]) => {
      // BYTE is no currency; the platform follows cash practice, not ISO 4217, for these.
      if (['BYTE', 'COP', 'HUF', 'IDR', 'PKR', 'RSD', 'TWD'].includes(code)) return false;
      const format = new Intl.NumberFormat('en', { style: 'currency', currency: code });
      return format.resolvedOptions().maximumFractionDigits !== decimals;
    });

    expect(disagree).toEqual([]);
  });

  test.each([
    'usd',
    'US',
    'USDX',
    'XXX',
    'BTC',
    '',
    '__proto__',
    'constructor',
    null,
    840,
    ['USD'],
  ])('do not include %j', (text) => {
    expect(isCurrency(text)).toBe(false);
  });
});
