import { expect, test, vi } from 'vitest';
import { aStep, aStripe, charged } from './a-stripe.js';

const ok = (value: object) => ({ kind: 'ok', value });
const unknown = (reason: string) => ({ kind: 'unknown', reason, askAgainAfterMs: 1_000 });
const hasty = { requestTimeoutMs: 300 };

/** The fault; what is known then; how much was charged, and is found. */
const lost = [
  ['timeout-before', unknown('timeout'), 0],
  ['timeout-after', unknown('timeout'), 1],
  ['reset-after', unknown('connection-lost'), 1],
  ['error-before', unknown('status-500'), 0],
  ['error-after', unknown('status-500'), 1],
] as const;

test.each(lost)('is in doubt after a %s, and finds what stands', async (fault, doubt, charges) => {
  const { stripe, provider, another } = await aStripe();
  stripe.misbehave(fault);
  const struck = fault.startsWith('timeout') ? another(hasty) : provider;
  const { reference } = aStep('charge');

  const outcome = await struck.perform(aStep('charge'));

  expect(outcome).toEqual(doubt);
  expect(stripe.requests).toHaveLength(1);
  expect(stripe.effects).toHaveLength(charges);
  const kind = charges === 0 ? 'not-found' : 'captured';
  expect(await provider.find(aStep('charge'))).toMatchObject(ok({ kind, reference }));
});

test.each(['timeout-before', 'timeout-after'] as const)(
  'charges once when the same key follows a %s',
  async (fault) => {
    const { stripe, provider, another } = await aStripe();
    stripe.misbehave(fault);
    await another(hasty).perform(aStep('charge'));

    const outcome = await provider.perform(aStep('charge'));

    expect(outcome).toMatchObject(ok({ kind: 'captured' }));
    expect(stripe.effects).toHaveLength(1);
  },
);

test('is not helped by the same key where Stripe keeps a 500 under it', async () => {
  const { stripe, provider } = await aStripe();
  stripe.misbehave('error-before');
  await provider.perform(aStep('charge'));

  const again = await provider.perform(aStep('charge'));
  const anew = await provider.perform(aStep('charge', { reference: 'op_one:charge.1:2' }));

  expect(again).toEqual(unknown('status-500'));
  expect(anew).toMatchObject(ok({ kind: 'captured', reference: 'op_one:charge.1:2' }));
  expect(stripe.effects).toHaveLength(1);
});

test('is not helped by the same key where Stripe keeps a decline under it', async () => {
  const { stripe, provider, another } = await aStripe({
    paymentMethod: 'pm_card_visa_chargeDeclined',
  });
  const first = await provider.perform(aStep('charge'));

  const again = await provider.perform(aStep('charge'));
  const anew = await another({}).perform(aStep('charge', { reference: 'op_one:charge.1:2' }));

  expect(first).toMatchObject(ok({ kind: 'declined' }));
  expect(again).toEqual(first);
  expect(anew).toMatchObject(ok({ kind: 'captured' }));
  expect(stripe.intents.size).toBe(2);
});

test('is in doubt while an earlier call of its key is under way', async () => {
  const { stripe, provider } = await aStripe();
  stripe.misbehave('in-flight');
  const first = provider.perform(aStep('charge'));
  await vi.waitUntil(() => stripe.struck() === 1);

  const meanwhile = await provider.perform(aStep('charge'));
  stripe.release();

  expect(meanwhile).toEqual(unknown('status-409'));
  expect(await first).toMatchObject(ok({ kind: 'captured' }));
  expect(stripe.effects).toHaveLength(1);
});

test('contradicts a payment method that was changed while the charge is in doubt', async () => {
  const { stripe, provider, another } = await aStripe();
  stripe.misbehave('reset-after');
  await provider.perform(aStep('charge'));

  const outcome = await another({ paymentMethod: 'pm_card_mastercard' }).perform(aStep('charge'));

  expect(outcome).toMatchObject(ok({ kind: 'contradicted' }));
  expect(stripe.effects).toHaveLength(1);
});

test('finds a charge only when search shows it', async () => {
  const { stripe, provider } = await aStripe();
  const lag = stripe.lagSearch();
  const chargeId = await charged(provider, 'charge');
  const { reference } = aStep('charge');

  expect(await provider.find(aStep('charge'))).toEqual(ok({ kind: 'not-found', reference }));
  // By its id it is there at once.
  expect(await provider.find(aStep('charge', { chargeId }))).toMatchObject(
    ok({ kind: 'captured' }),
  );
  lag.search();
  expect(await provider.find(aStep('charge'))).toMatchObject(ok({ kind: 'captured', chargeId }));
});

test('does not take the charge of a reference in other letters for its own', async () => {
  const { provider } = await aStripe();
  await provider.perform(aStep('charge', { reference: 'op_ONE:charge.1:1' }));

  const { reference } = aStep('charge');
  expect(await provider.find(aStep('charge'))).toEqual(ok({ kind: 'not-found', reference }));
});

test('contradicts two charges under one reference', async () => {
  const { stripe, provider } = await aStripe();
  await provider.perform(aStep('charge'));
  stripe.expireKeys();
  await provider.perform(aStep('charge'));

  const { reference } = aStep('charge');
  const detail = '2 objects under one reference';
  expect(await provider.find(aStep('charge'))).toEqual(
    ok({ kind: 'contradicted', reference, detail }),
  );
});

test.each(['capture', 'void'] as const)(
  'knows its own %s when the key has expired and Stripe refuses to do it twice',
  async (step) => {
    const { stripe, provider } = await aStripe();
    const chargeId = await charged(provider, 'authorize');
    stripe.misbehave('reset-after');
    await provider.perform(aStep(step, { chargeId }));
    stripe.expireKeys();

    const outcome = await provider.perform(aStep(step, { chargeId }));

    expect(outcome).toMatchObject(ok({ kind: step === 'void' ? 'voided' : 'captured', chargeId }));
    expect(stripe.effects).toHaveLength(2);
  },
);

test('does not take the capture of another reference for its own', async () => {
  const { provider } = await aStripe();
  const chargeId = await charged(provider, 'authorize');
  await provider.perform(aStep('capture', { chargeId }));

  const other = aStep('capture', { chargeId, reference: 'op_two:capture.1:1' });
  const { reference } = other;
  expect(await provider.find(other)).toEqual(
    ok({ kind: 'contradicted', reference, detail: 'another capture' }),
  );
  const declineCode = 'payment_intent_unexpected_state';
  expect(await provider.perform(other)).toMatchObject(ok({ kind: 'declined', declineCode }));
});

test('declines a capture of what somebody has let go', async () => {
  const { provider } = await aStripe();
  const chargeId = await charged(provider, 'authorize');
  await provider.perform(aStep('void', { chargeId }));

  expect(await provider.find(aStep('capture', { chargeId }))).toMatchObject(
    ok({ kind: 'declined', declineCode: 'canceled' }),
  );
  expect(await provider.find(aStep('authorize'))).toMatchObject(ok({ kind: 'voided', chargeId }));
});

test('says that it cannot know when a list is longer than it reads', async () => {
  const { stripe, provider } = await aStripe();
  for (let n = 1; n <= 101; n += 1) {
    await provider.perform(aStep('payout', { reference: `op_${n}:payout.1:1` }));
  }

  expect(await provider.find(aStep('payout', { reference: 'op_0:payout.1:1' }))).toEqual(
    unknown('unreadable-answer'),
  );
  expect(await provider.find(aStep('payout', { reference: 'op_101:payout.1:1' }))).toMatchObject(
    ok({ kind: 'pending' }),
  );
  expect(stripe.effects).toHaveLength(101);
});
