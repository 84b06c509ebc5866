import { expect, test } from 'vitest';
import { type Currency, money } from '../../src/domain/index.js';
import { aStep, aStripe } from './a-stripe.js';

test.each<[Currency, number, number]>([
  ['USD', 12_50, 1250],
  ['JPY', 500, 500],
  ['KRW', 500, 500],
  ['KWD', 5_120, 5120],
  // No decimals for us, two for Stripe.
  ['ISK', 500, 50_000],
])('moves %s %d, as %d of Stripe', async (currency, minor, amount) => {
  const { stripe, provider } = await aStripe();
  const request = aStep('charge', { amount: money(minor, currency) });

  const outcome = await provider.perform(request);

  const value = { kind: 'captured', minor, currency };
  expect(outcome).toMatchObject({ kind: 'ok', value });
  expect(await provider.find(request)).toMatchObject({ kind: 'ok', value });
  const currencyThere = currency.toLowerCase();
  expect([...stripe.intents.values()]).toMatchObject([{ amount, currency: currencyThere }]);
});

test.each<[Currency, number, string]>([
  ['KWD', 5_124, 'amount-not-in-tens'],
  ['BHD', 1, 'amount-not-in-tens'],
  ['UGX', 500, 'currency-unsupported'],
  ['BYTE', 500, 'currency-unsupported'],
  ['ISK', 999_999_999_999_999, 'amount-too-large'],
])('never rounds: refuses %s %d for %s, and sends nothing', async (currency, minor, cause) => {
  const { stripe, provider } = await aStripe();

  const outcome = await provider.perform(aStep('charge', { amount: money(minor, currency) }));

  expect(outcome).toMatchObject({ kind: 'fail', code: 'provider-refused', cause });
  expect(stripe.requests).toEqual([]);
});

test('takes no part of a króna for an answer', async () => {
  const { stripe, provider } = await aStripe();
  const request = aStep('charge', { amount: money(500, 'ISK') });
  await provider.perform(request);
  const [intent] = stripe.intents.values();
  Object.assign(intent ?? {}, { amount: 50_050, amount_received: 50_050 });

  expect(await provider.find(request)).toMatchObject({ kind: 'unknown' });
});
