import { expect, test } from 'vitest';
import { unmetNeeds } from '../../src/providers/needs.js';
import type { ProviderProfile } from '../../src/providers/provider.js';
import { createSandboxProvider } from '../../src/providers/sandbox/index.js';
import { createStripeProvider } from '../../src/providers/stripe/index.js';

const { profile: whole } = createSandboxProvider({ baseUrl: 'http://psp', requestTimeoutMs: 500 });

test.each<[string, Partial<ProviderProfile>, RegExp]>([
  ['that honours no key', { keyLifetimeMs: 0 }, /honours no idempotency key/],
  ['that cannot be asked', { finds: false }, /stay in doubt for ever/],
  [
    'that shows a charge too late',
    { visibilityDelayMs: whole.keyLifetimeMs },
    /look-up would show/,
  ],
  [
    'whose ladder is too short',
    { ladderMs: [1], visibilityDelayMs: 2 },
    /later than the last look/,
  ],
  ['that forgets its keys at once', { keyLifetimeMs: 500 }, /still be on its way/],
  ['that cannot take money at once', { captures: ['manual'] }, /no payment can settle/],
  ['whose holds have no end', { holdMs: 0 }, /how long it holds/],
])('a provider %s is refused, with the reason', (_, change, reason) => {
  expect(unmetNeeds({ ...whole, ...change }).join()).toMatch(reason);
});

test('the providers that there are meet every need', () => {
  const stripe = createStripeProvider({ apiKey: 'sk_test_1', requestTimeoutMs: 10_000 });

  expect([whole, stripe.profile].flatMap(unmetNeeds)).toEqual([]);
});
