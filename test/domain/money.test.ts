import { describe, expect, test } from 'vitest';
import {
  amountMax,
  type Currency,
  currencies,
  exponentOf,
  formatMoney,
  isCurrency,
  money,
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
