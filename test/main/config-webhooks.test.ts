import { expect, test } from 'vitest';
import { gatewayConfig, relayConfig } from '../../src/main/config.js';
import { enough, mistakesOf, newKey, oldKey } from './an-environment.js';

test('takes one webhook secret, or two while one replaces the other, or none', () => {
  const [first, second] = [Buffer.alloc(32, 3), Buffer.alloc(24, 4)];
  const secretsOf = (given: string) =>
    gatewayConfig({ ...enough, SANDBOX_PSP_WEBHOOK_SECRET: given }).webhooks.sandbox;
  const [one, other] = [first, second].map((secret) => `whsec_${secret.toString('base64')}`);

  expect(secretsOf(`${one}`)).toEqual([Uint8Array.from(first)]);
  expect(secretsOf(`${one}, ${other}`)).toEqual([first, second].map((it) => Uint8Array.from(it)));
  expect(secretsOf('')).toBeUndefined();
});

test.each([
  'whsec_',
  'whsec_c2hvcnQ=',
  newKey.toString('base64'),
  `whsec_${newKey.toString('base64')},`,
  `${`whsec_${newKey.toString('base64')},`.repeat(2)}whsec_${oldKey.toString('base64')}`,
])('refuses a webhook secret like %s', (given) => {
  const environment = { ...enough, SANDBOX_PSP_WEBHOOK_SECRET: given };
  const mistakes = mistakesOf(() => gatewayConfig(environment));

  expect(mistakes).toEqual([expect.stringMatching(/^SANDBOX_PSP_WEBHOOK_SECRET must /)]);
  expect(mistakes.join()).not.toContain(given.slice(6) || 'AgIC');
});

test.each([
  ['sk_test_one', false],
  ['rk_live_one', true],
])('takes events of the mode of %s, with the secrets of Stripe and of nobody else', (key, live) => {
  const [one, other] = [`whsec_${'a'.repeat(32)}`, `whsec_${'b'.repeat(32)}`];
  const environment = {
    ...{ ...enough, PAYMENT_PROVIDER: 'stripe', STRIPE_API_KEY: key },
    SANDBOX_PSP_WEBHOOK_SECRET: `whsec_${newKey.toString('base64')}`,
  };
  const taken = (given: string, more = {}) =>
    gatewayConfig({ ...environment, STRIPE_WEBHOOK_SECRET: given, ...more }).webhooks;

  expect(taken(one)).toEqual({ stripe: { secrets: [one], live } });
  expect(taken(`${one}, ${other}`)).toEqual({ stripe: { secrets: [one, other], live } });
  expect(taken('')).toEqual({});
  expect(taken(one, { PAYMENT_PROVIDER: 'sandbox' })).toHaveProperty('sandbox');
  expect(taken(one, { PAYMENT_PROVIDER: 'sandbox' })).not.toHaveProperty('stripe');
});

test.each([
  ['STRIPE_API_KEY', ''],
  ['STRIPE_API_KEY', 'pk_test_public'],
  ['STRIPE_API_KEY', 'sk_other_one'],
  ['STRIPE_WEBHOOK_SECRET', 'whsec_short'],
  ['STRIPE_WEBHOOK_SECRET', 'a'.repeat(32)],
  [
    'STRIPE_WEBHOOK_SECRET',
    Array(3)
      .fill(`whsec_${'a'.repeat(32)}`)
      .join(','),
  ],
])('takes no events of Stripe with %s=%s', (name, value) => {
  const right = {
    ...{ PAYMENT_PROVIDER: 'stripe', STRIPE_API_KEY: 'sk_test_one' },
    STRIPE_WEBHOOK_SECRET: `whsec_${'a'.repeat(32)}`,
  };
  const mistakes = mistakesOf(() => gatewayConfig({ ...enough, ...right, [name]: value }));

  expect(mistakes).toEqual([expect.stringMatching(new RegExp(`^${name} (must|is missing)`))]);
});

test('sends no alerts unless it is told where, and inside only when that is allowed', () => {
  const secret = `whsec_${newKey.toString('base64')}`;
  const read = (url: string, more = {}) =>
    relayConfig({ ...enough, ALERT_WEBHOOK_URL: url, ALERT_WEBHOOK_SECRET: secret, ...more })
      .alerts;
  const any = { ALERT_WEBHOOK_NETWORK: 'any' };
  const expected = { inside: false, secret, linkBase: 'http://127.0.0.1:3000' };

  expect(read('')).toBeUndefined();
  expect(read('https://a.example/x?y=z/')).toEqual({
    ...expected,
    url: 'https://a.example/x?y=z/',
  });
  for (const url of [
    'http://a.example/',
    'https://10.1.2.3/',
    'https://[::1]/',
    'https://2130706433/',
  ]) {
    expect(mistakesOf(() => read(url))).toEqual([
      expect.stringMatching(/^ALERT_WEBHOOK_URL is not/),
    ]);
    expect(read(url, any)).toMatchObject({ inside: true });
  }
  for (const url of ['ftp://a.example/', 'https://me:word@a.example/', 'nowhere']) {
    expect(mistakesOf(() => read(url, any))).toEqual([
      expect.stringMatching(/^ALERT_WEBHOOK_URL must/),
    ]);
  }
  const short = { ALERT_WEBHOOK_SECRET: 'whsec_c2hvcnQ=' };
  expect(mistakesOf(() => read('https://a.example/', short))).toHaveLength(1);
});
