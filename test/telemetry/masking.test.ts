import { describe, expect, test } from 'vitest';
import { maskLine, maskText } from '../../src/telemetry/masking.js';

const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl';
const sealingKey = Buffer.alloc(32, 7).toString('base64');

describe('masking of texts', () => {
  test.each([
    ['a bearer token', `sent Authorization: Bearer ${jwt}`, jwt],
    ['a bearer token in small letters', 'header bearer abcdef123456', 'abcdef123456'],
    ['basic credentials', 'Authorization: Basic YWxpY2U6c2VzYW1l', 'YWxpY2U6c2VzYW1l'],
    ['a bare JWT', `token was ${jwt}.`, 'c2lnbmF0dXJl'],
    ['a password in a URL', 'postgres://worker:hunter2@db:5432/holdfast', 'hunter2'],
    ['a password with a slash in a URL', 'postgres://worker:hun/ter2@db/holdfast', 'hun/ter2'],
    ['a password in a sentence', 'connect failed, password=hunter2 host=db', 'hunter2'],
    ['a password in quoted JSON', 'body was {"password":"hunter2"}', 'hunter2'],
    ['an API key', 'api_key: sesame', 'sesame'],
    ['a payload key', `PAYLOAD_KEYS=k1:${sealingKey}`, sealingKey.slice(0, 40)],
    ['a webhook secret', 'signed by whsec_MfKQ9r8GKYqrTwjU', 'MfKQ9r8GKYqrTwjU'],
    ['a vendor key', 'called with sk_live_4eC39HqLyjWD', '4eC39HqLyjWD'],
    [
      'a private key',
      '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----',
      'MIIE',
    ],
    ['a card number', 'card 4111111111111111 declined', '411111'],
    ['a card number in groups', 'card 4111 1111 1111 1111 declined', '1111 1111'],
    ['a card number with dashes', 'card 5500-0000-0000-0004', '0000-0000'],
    ['a card number of fifteen digits in groups', 'card 3714 496353 98431', '496353'],
    ['a card number of nineteen digits', 'card=6304000000000000000;', '63040000'],
  ])('hides %s', (_, text, secret) => {
    expect(text).toContain(secret);
    expect(maskText(text)).not.toContain(secret);
    expect(maskText(text)).toContain('[masked]');
  });

  test.each([
    'op_0123456789abcdefghjkmnpqrs:charge.1:1',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '2026-11-21T00:24:15.123Z',
    'f81d4fae-7dec-11d0-a765-00a0c91e6bf6',
    'http://127.0.0.1:3000/v1/payments?limit=50',
    'held 125000 of 900719925474 for acc-42',
    'the secret of good tea is patience; no token is needed',
  ])('leaves %j as it is', (text) => {
    expect(maskText(text)).toBe(text);
  });

  test('cuts a text that would fill the log', () => {
    expect(maskText('x'.repeat(1_000_000)).length).toBeLessThan(20_000);
  });

  test.each([
    'a',
    '-a',
    '1',
    'password',
    ' -1',
    'a://b:',
    'eyJ-',
    '4111 ',
    'bearer ',
    '-----BEGIN PRIVATE KEY-----',
  ])('comes to an end with a text of nothing but %j', (part) => {
    expect(maskText(part.repeat(1 + 16_384 / part.length)).length).toBeLessThan(20_000);
  });
});

describe('masking of lines', () => {
  test.each([
    ['authorization', 'anything'],
    ['Authorization', 'anything'],
    ['proxy-authorization', 'anything'],
    ['Set-Cookie', 'sid=1'],
    ['password', 'hunter2'],
    ['DATABASE_PASSWORD', 'hunter2'],
    ['client_secret', 'x'],
    ['accessToken', 'x'],
    ['HOLDFAST_TOKEN', 'x'],
    ['apiKey', 'x'],
    ['x-api-key', 'x'],
    ['PAYLOAD_KEYS', { id: 'x' }],
    ['privateKey', 'x'],
    ['cardNumber', 4111],
    ['pan', '42'],
    ['cvv', 123],
    ['otp', '123456'],
    ['description', 'flowers for Ann'],
    ['metadata', { note: 'flowers' }],
    ['recipient', 'ann@example.com'],
    ['email', 'ann@example.com'],
  ])('hides what stands under %s, however deep', (name, value) => {
    const line = maskLine(JSON.stringify({ request: { headers: [{ [name]: value }] } }));

    expect(JSON.parse(line)).toEqual({ request: { headers: [{ [name]: '[masked]' }] } });
  });

  test('hides card numbers that are numbers or names, and leaves moments and amounts', () => {
    const line = maskLine(
      JSON.stringify({
        a: 4_111_111_111_111_111,
        b: { 4111111111111111: 1 },
        c: 4_222_222_222_222,
      }),
    );
    expect(JSON.parse(line)).toEqual({ a: '[masked]', b: { '[masked]': 1 }, c: '[masked]' });

    const kept = {
      at: 1_795_219_455_123,
      amount: 125_000,
      share: 0.123_456_789_012_345_6,
      none: null,
    };
    expect(JSON.parse(maskLine(JSON.stringify(kept)))).toEqual(kept);
  });

  test('writes one line, whatever stands in it', () => {
    const message = 'a\r\nb\u2028c\u2029d\u0085e\u001b[31mf\u202eg\u0000h';

    const line = maskLine(JSON.stringify({ message }));
    // eslint-disable-next-line no-control-regex
    expect(line).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e]+\n$/);
    expect(JSON.parse(line)).toEqual({ message });
  });
});
