import { describe, expect, test } from 'vitest';
import { type Link, signLink, verifyLink } from '../../src/objects/links.js';

const [current, previous, other] = ['current', 'previous', 'other'].map((name) =>
  new TextEncoder().encode(name.padEnd(32, '.')),
) as [Uint8Array, Uint8Array, Uint8Array];
const now = 1_800_000_000_000;
const minute = 60_000;
const link: Link = { method: 'GET', path: '/v1/files/op_a', tenant: 'acme' };

describe('a download link', () => {
  test('is good for five minutes, and not for longer', () => {
    const proof = signLink(link, [current], now);

    expect(proof.expires).toBe('1800000300');
    expect(verifyLink(link, proof, [current], now)).toBe(true);
    expect(verifyLink(link, proof, [current], now + 5 * minute - 1)).toBe(true);
    expect(verifyLink(link, proof, [current], now + 5 * minute)).toBe(false);
  });

  test('lives as long as it is told to, an hour at most', () => {
    const hour = signLink(link, [current], now, 60 * minute);

    expect(verifyLink(link, hour, [current], now)).toBe(true);
    expect(verifyLink(link, hour, [current], now + 60 * minute)).toBe(false);
    for (const ttlMs of [0, -1, 60 * minute + 1, Number.NaN]) {
      expect(() => signLink(link, [current], now, ttlMs)).toThrow(RangeError);
    }
  });

  test('is not taken from a clock that is far ahead', () => {
    const early = signLink(link, [current], now + 60 * minute);

    expect(verifyLink(link, early, [current], now)).toBe(false);
  });

  test.each([
    ['path', { ...link, path: '/v1/files/op_b' }],
    ['method', { ...link, method: 'HEAD' as const }],
    ['tenant', { ...link, tenant: 'other' }],
    ['fields that run into each other', { ...link, path: '/v1/files/op_', tenant: 'aacme' }],
  ])('is not good for another %s', (_, changed) => {
    const proof = signLink(link, [current], now);

    expect(verifyLink(changed, proof, [current], now)).toBe(false);
  });

  test.each([
    ['a later end', { expires: '1800000600' }],
    ['no end', { expires: '' }],
    ['an end that is no number', { expires: 'Infinity' }],
    ['an end with a sign', { expires: '+1800000300' }],
    ['no signature', { signature: '' }],
    ['half a signature', { signature: 'AAAA' }],
    ['another signature', { signature: 'A'.repeat(43) }],
    ['no base64', { signature: '%'.repeat(43) }],
  ])('is not good with %s', (_, changed) => {
    const proof = { ...signLink(link, [current], now), ...changed };

    expect(verifyLink(link, proof, [current], now)).toBe(false);
  });

  test('outlives a change of the secret by as long as the previous one is kept', () => {
    const old = signLink(link, [previous], now);
    const fresh = signLink(link, [current, previous], now);

    expect(verifyLink(link, old, [current, previous], now)).toBe(true);
    expect(verifyLink(link, old, [current], now)).toBe(false);
    expect(verifyLink(link, fresh, [current], now)).toBe(true);
    expect(verifyLink(link, fresh, [other], now)).toBe(false);
    expect(verifyLink(link, fresh, [], now)).toBe(false);
  });
});
