import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  accountIdOf,
  isAccountId,
  isIdemKey,
  isOpId,
  type OperationKey,
  opIdOf,
  referenceOf,
} from '../../src/domain/index.js';

const key: OperationKey = {
  tenant: 'acme',
  principal: 'alice',
  domain: 'Payment',
  eventType: 'PaymentRequested',
  idemKey: 'order-1001',
};

describe('opIdOf', () => {
  test('gives the id that was given to this key in the first release', () => {
    // Never edit this vector: operations in databases and histories carry ids made this way.
    expect(opIdOf(key)).toBe('op_4zgaxjy2ujma4xqml2rxevqxmnlkjfcd');
  });

  test('is the base32 of the first 160 bits of SHA-256 over the parts as JSON', () => {
    const parts = JSON.stringify(['acme', 'alice', 'Payment', 'PaymentRequested', 'order-1001']);
    const bits = [...createHash('sha256').update(parts).digest().subarray(0, 20)]
      .map((byte) => byte.toString(2).padStart(8, '0'))
      .join('');
    const letters = bits.match(/.{5}/g) ?? [];
    const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

    expect(opIdOf(key)).toBe(
      `op_${letters.map((five) => alphabet[Number.parseInt(five, 2)]).join('')}`,
    );
  });

  test.each(Object.keys(key) as (keyof OperationKey)[])('depends on %s', (part) => {
    expect(opIdOf({ ...key, [part]: `${key[part]}x` })).not.toBe(opIdOf(key));
  });

  test.each<[string, Partial<OperationKey>, Partial<OperationKey>]>([
    ['a letter moved over', { tenant: 'ab', principal: 'c' }, { tenant: 'a', principal: 'bc' }],
    ['a quote in a part', { tenant: 'a","b', principal: '' }, { tenant: 'a', principal: 'b' }],
    ['case', { idemKey: 'Order-1001' }, { idemKey: 'order-1001' }],
    ['two lone surrogates', { idemKey: '\ud800' }, { idemKey: '\ud801' }],
    ['composed and decomposed', { idemKey: '\u00e9' }, { idemKey: 'e\u0301' }],
  ])('keeps apart keys that differ by %s', (_, one, other) => {
    expect(opIdOf({ ...key, ...one })).not.toBe(opIdOf({ ...key, ...other }));
  });

  test('is an operation id and 35 characters long', () => {
    const opId = opIdOf(key);

    expect(opId).toMatch(/^op_[a-z2-7]{32}$/);
    expect(isOpId(opId)).toBe(true);
  });
});

describe('what may be an id', () => {
  test.each<[unknown, boolean]>([
    ['op_abc', true],
    ['a'.repeat(64), true],
    ['a'.repeat(65), false],
    ['abc', false],
    ['op_abc\n', false],
    ['op/abc', false],
    ['{op_abc}', false],
    ['', false],
    [null, false],
    [['op_abc'], false],
  ])('isOpId(%j) is %j', (text, expected) => {
    expect(isOpId(text)).toBe(expected);
  });

  test.each<[unknown, boolean]>([
    ['alice', true],
    ['merchant:EUR', true],
    ['A.b_c-1', true],
    ['a', true],
    ['a'.repeat(64), true],
    ['a'.repeat(65), false],
    ['@funding:USD', false],
    ['__proto__', false],
    ['-a', false],
    ['al ice', false],
    ['alice\0', false],
    ['alice\n', false],
    ['\u0130d', false],
    ['', false],
    [7, false],
    [undefined, false],
  ])('isAccountId(%j) is %j', (text, expected) => {
    expect(isAccountId(text)).toBe(expected);
  });

  test('accountIdOf throws for a text that cannot be one', () => {
    expect(accountIdOf('alice')).toBe('alice');
    expect(() => accountIdOf('al ice')).toThrow(RangeError);
  });

  test.each<[unknown, boolean]>([
    ['12345678', true],
    ['a'.repeat(255), true],
    ['a'.repeat(256), false],
    ['1234567', false],
    ['        ', false],
    ['12345678 ', false],
    ['order-1001, order-1002', false],
    ['../../etc', false],
    ["' or 1=1--", false],
    ['%00%00%00', false],
    ['clef-\u00e9-0001', false],
    ['\u212aelvin-01', false],
    [undefined, false],
  ])('isIdemKey(%j) is %j', (text, expected) => {
    expect(isIdemKey(text)).toBe(expected);
  });
});

test('a reference names the operation, the step and the attempt', () => {
  const opId = opIdOf(key);

  expect(referenceOf(opId, 'charge.1', 2)).toBe(`${opId}:charge.1:2`);
});
