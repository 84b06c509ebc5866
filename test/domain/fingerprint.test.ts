import { describe, expect, test } from 'vitest';
import { differs, digestsOf, fingerprintOf } from '../../src/domain/index.js';

const key = 'a key of this process';
const fingerprint = (fields: Record<string, unknown>) => fingerprintOf(digestsOf(fields, key));
const read = (text: string) => JSON.parse(text) as Record<string, unknown>;

describe('fingerprintOf', () => {
  test.each([
    ['keys in another order', '{"a":1,"b":2}', '{"b":2,"a":1}'],
    ['nested keys in another order', '{"a":{"x":1,"y":2}}', '{"a":{"y":2,"x":1}}'],
    ['100 and 100.0', '{"amount":100}', '{"amount":100.0}'],
    ['100 and 1e2', '{"amount":100}', '{"amount":1e2}'],
    ['white space', '{"amount":100}', ' { "amount" : 100 } '],
    ['an escaped letter', '{"a":"A"}', '{"a":"\\u0041"}'],
  ])('is the same for %s', (_, one, other) => {
    expect(fingerprint(read(one))).toBe(fingerprint(read(other)));
  });

  test.each([
    ['another amount', '{"amount":100}', '{"amount":101}'],
    ['a number and its text', '{"amount":100}', '{"amount":"100"}'],
    ['null and no field', '{"a":null}', '{}'],
    ['a value that moved to another field', '{"a":1,"b":2}', '{"a":2,"b":1}'],
    ['items in another order', '{"a":[1,2]}', '{"a":[2,1]}'],
    ['items split in another way', '{"a":["1,2"]}', '{"a":["1","2"]}'],
    ['two lone surrogates', '{"a":"\\ud800"}', '{"a":"\\ud801"}'],
  ])('is another one for %s', (_, one, other) => {
    expect(fingerprint(read(one))).not.toBe(fingerprint(read(other)));
  });

  test('does not count a field that is undefined', () => {
    expect(fingerprint({ amount: 1, payTo: undefined })).toBe(fingerprint({ amount: 1 }));
  });

  test('is another one under another key', () => {
    const one = digestsOf({ amount: 100 }, key);
    const other = digestsOf({ amount: 100 }, 'another key');

    expect(fingerprintOf(one)).not.toBe(fingerprintOf(other));
  });
});

describe('differs', () => {
  const first = { account: 'alice', amount: 100, currency: 'EUR' };

  test.each<[string, Record<string, unknown>, string[]]>([
    ['nothing', { ...first }, []],
    ['the amount', { ...first, amount: 101 }, ['amount']],
    ['two fields, sorted', { ...first, currency: 'USD', amount: 1 }, ['amount', 'currency']],
    ['a field more', { ...first, bizKey: 'order-1' }, ['bizKey']],
    ['a field less', { account: 'alice', amount: 100 }, ['currency']],
  ])('names %s', (_, second, expected) => {
    expect(differs(digestsOf(first, key), digestsOf(second, key))).toEqual(expected);
  });

  test('works on digests that show no value', () => {
    const digests = digestsOf({ description: 'flowers for Mara', amount: 1250 }, key);

    expect(Object.keys(digests)).toEqual(['amount', 'description']);
    expect(Object.values(digests).every((digest) => /^[0-9a-f]{32}$/.test(digest))).toBe(true);
    expect(JSON.stringify(digests)).not.toMatch(/flowers|1250/);
  });
});
