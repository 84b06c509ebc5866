import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hmacSha256Hex, sha256Hex } from '../../src/domain/index.js';

const hashed = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');
const signed = (key: string, text: string) =>
  createHmac('sha256', key).update(text, 'utf8').digest('hex');
const anyText = fc.string({ unit: 'binary', maxLength: 300 });

describe('sha256Hex', () => {
  test.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('agrees with the vector of FIPS 180-4 for %j', (text, expected) => {
    expect(sha256Hex(text)).toBe(expected);
  });

  test('agrees with node:crypto at every length around a block', () => {
    for (let length = 0; length <= 200; length += 1) {
      const text = 'x'.repeat(length);

      expect(sha256Hex(text), `${length} bytes`).toBe(hashed(text));
    }
  });

  test.each([
    ['two bytes', '\u00e9\u07ff\u0080'],
    ['three bytes', '\u20ac\uffff\u0800'],
    ['four bytes', '\u{1f600}\u{10ffff}\u{10000}'],
    ['a lone high surrogate', 'a\ud800b'],
    ['a lone low surrogate', 'a\udfffb'],
    ['surrogates the wrong way round', '\udc00\ud800'],
    ['a NUL', 'a\0b'],
  ])('encodes %s as node does', (_, text) => {
    expect(sha256Hex(text)).toBe(hashed(text));
  });

  test('agrees with node:crypto on any text', () => {
    fc.assert(
      fc.property(anyText, (text) => sha256Hex(text) === hashed(text)),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('hmacSha256Hex', () => {
  test.each([0, 1, 63, 64, 65, 131])('agrees with node:crypto for a key of %i bytes', (length) => {
    const key = 'k'.repeat(length);

    expect(hmacSha256Hex(key, 'what was asked')).toBe(signed(key, 'what was asked'));
  });

  test('agrees with node:crypto on any key and text', () => {
    fc.assert(
      fc.property(anyText, anyText, (key, text) => hmacSha256Hex(key, text) === signed(key, text)),
      { seed: 2, numRuns: 200 },
    );
  });
});
