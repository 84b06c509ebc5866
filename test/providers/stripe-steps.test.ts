import { expect, test } from 'vitest';
import { defaultLadderMs, money } from '../../src/domain/index.js';
import { createStripeProvider } from '../../src/providers/stripe/index.js';
import { aStep, aStripe, charged } from './a-stripe.js';

const amount = { minor: 12_50, currency: 'USD' };
const ok = (value: object) => ({ kind: 'ok', value });
const refused = (cause: string) => ({ kind: 'fail', code: 'provider-refused', cause });
const aMoment = expect.any(Number);

test('takes a charge at Stripe, with its reference as key and in its metadata', async () => {
  const { stripe, provider } = await aStripe();
  const { reference } = aStep('charge');

  const outcome = await provider.perform(aStep('charge', { metadata: { shop: 'north' } }));

  const [intent] = stripe.intents.values();
  expect(outcome).toEqual(ok({ kind: 'captured', reference, chargeId: intent?.id, ...amount }));
  expect(intent).toMatchObject({ status: 'succeeded', metadata: { shop: 'north', reference } });
  expect(stripe.requests).toHaveLength(1);
  expect(stripe.requests[0]?.headers['idempotency-key']).toBe(reference);
  expect(stripe.requests[0]?.headers['stripe-version']).toBe('2026-10-28.endive');
  expect(stripe.requests[0]?.headers['x-stripe-client-telemetry']).toBeUndefined();
});

test.each([
  ['charge', 'automatic'],
  ['authorize', 'manual'],
] as const)('sends a %s that needs nobody, with the reference above all', async (step, method) => {
  const { stripe, provider } = await aStripe({ paymentMethod: 'pm_ours', customer: 'cus_ours' });
  const { reference } = aStep(step);
  const metadata = { shop: 'north', reference: 'op_forged:charge.1:1' };

  await provider.perform(aStep(step, { metadata, trace: '0af7651916cd43dd8448eb211c80319c' }));

  expect(stripe.requests[0]?.form).toEqual({
    amount: '1250',
    currency: 'usd',
    capture_method: method,
    confirm: 'true',
    error_on_requires_action: 'true',
    automatic_payment_methods: { enabled: 'true', allow_redirects: 'never' },
    payment_method: 'pm_ours',
    customer: 'cus_ours',
    metadata: { shop: 'north', reference },
    expand: ['latest_charge'],
  });
});

test('authorizes first, captures a part later, and the rest goes back', async () => {
  const { stripe, provider } = await aStripe();
  const chargeId = await charged(provider, 'authorize');
  const part = money(10_00, 'USD');

  const outcome = await provider.perform(aStep('capture', { chargeId, amount: part }));

  const { reference } = aStep('capture');
  expect(outcome).toEqual(ok({ kind: 'captured', reference, chargeId, ...part }));
  expect(stripe.effects.map(({ effect, minor }) => [effect, minor])).toEqual([
    ['authorized', 12_50],
    ['captured', 10_00],
  ]);
  expect(await provider.perform(aStep('void', { chargeId }))).toEqual(
    ok({ kind: 'voided', reference: 'op_one:void.1:1', chargeId }),
  );
});

test('says when an authorisation ends by itself', async () => {
  const { provider } = await aStripe();

  const outcome = await provider.perform(aStep('authorize'));

  expect(outcome).toMatchObject(ok({ kind: 'authorized', ...amount, expiresAt: aMoment }));
});

test('refunds a charge in two parts, and not once more', async () => {
  const { stripe, provider } = await aStripe();
  const chargeId = await charged(provider, 'charge');
  const refund = (n: number, minor: number) =>
    provider.perform(
      aStep('refund', {
        reference: `op_one:refund.${n}:1`,
        chargeId,
        amount: money(minor, 'USD'),
      }),
    );

  expect(await refund(1, 5_00)).toEqual(
    ok({
      kind: 'refunded',
      reference: 'op_one:refund.1:1',
      chargeId,
      minor: 5_00,
      currency: 'USD',
    }),
  );
  expect(await refund(2, 10_00)).toMatchObject(refused('invalid_request_error'));
  expect(await refund(3, 7_50)).toMatchObject(ok({ kind: 'refunded', minor: 7_50 }));
  expect(await refund(4, 1)).toMatchObject(
    ok({ kind: 'declined', chargeId, declineCode: 'charge_already_refunded' }),
  );
  expect(stripe.effects.filter(({ effect }) => effect === 'refunded')).toHaveLength(2);
});

test('pays out once the bank has it, and is pending until then', async () => {
  const { stripe, provider } = await aStripe();
  const request = aStep('payout', { destination: 'ba_one' });
  const { reference } = request;

  expect(await provider.perform(request)).toEqual(ok({ kind: 'pending', reference }));
  const [payout] = stripe.payouts.values();
  Object.assign(payout ?? {}, { status: 'paid' });

  const paid = { kind: 'paid-out', reference, payoutId: payout?.id, ...amount };
  expect(await provider.find(request)).toEqual(ok(paid));
  expect(payout?.destination).toBe('ba_one');
});

test('gives the bank’s reason when a payout comes back', async () => {
  const { stripe, provider } = await aStripe();
  await provider.perform(aStep('payout'));
  const [payout] = stripe.payouts.values();
  Object.assign(payout ?? {}, { status: 'failed', failure_code: 'account_closed' });

  const { reference } = aStep('payout');
  const declined = { kind: 'declined', reference, declineCode: 'account_closed' };
  expect(await provider.find(aStep('payout'))).toEqual(ok(declined));
});

test('declines a payout for which the balance is too low', async () => {
  const { stripe, provider } = await aStripe();

  const outcome = await provider.perform(aStep('payout', { destination: 'ba_simulator_broke' }));

  expect(outcome).toMatchObject(ok({ kind: 'declined', declineCode: 'balance_insufficient' }));
  expect(stripe.effects).toEqual([]);
});

test.each([
  ['pm_card_visa_chargeDeclined', 'generic_decline'],
  ['pm_card_visa_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card'],
  ['pm_card_authenticationRequired', 'authentication_required'],
])('declines a charge of %s with %s, then and later', async (paymentMethod, declineCode) => {
  const { stripe, provider } = await aStripe({ paymentMethod });
  const { reference } = aStep('charge');

  const outcome = await provider.perform(aStep('charge'));

  const [intent] = stripe.intents.values();
  const declined = { kind: 'declined', reference, chargeId: intent?.id, declineCode };
  expect(outcome).toEqual(ok(declined));
  expect(await provider.find(aStep('charge'))).toEqual(ok(declined));
  expect(stripe.effects).toEqual([]);
});

test('sends nothing of what it cannot do', async () => {
  const { stripe, provider } = await aStripe();
  const perform = provider.perform;

  expect(await perform(aStep('capture'))).toMatchObject(refused('charge-missing'));
  expect(await perform(aStep('void'))).toMatchObject(refused('charge-missing'));
  expect(await perform(aStep('refund'))).toMatchObject(refused('charge-missing'));
  const { destination: _, ...nowhere } = aStep('payout');
  expect(await perform(nowhere)).toMatchObject(refused('destination-missing'));
  const part = aStep('capture', { chargeId: 'pi_one', final: false });
  expect(await perform(part)).toMatchObject(refused('multicapture-unsupported'));
  const long = aStep('charge', { reference: 'r'.repeat(256) });
  expect(await perform(long)).toMatchObject(refused('reference-unsupported'));
  expect(stripe.requests).toEqual([]);
  expect(await provider.fence(aStep('charge'))).toMatchObject({ kind: 'unknown' });
});

test('tells in plain data what Stripe can do', async () => {
  const { provider } = await aStripe({ ladderMs: defaultLadderMs });

  expect(provider.profile).toEqual({
    name: 'stripe',
    keyLifetimeMs: 86_400_000,
    replaysErrors: true,
    finds: true,
    lists: true,
    visibilityDelayMs: 60_000,
    fences: false,
    captures: ['automatic', 'manual'],
    overCapturePercent: 0,
    holdMs: 604_800_000,
    refundWindowMs: 15_552_000_000,
    paysOut: true,
    payoutMs: 604_800_000,
    webhooks: 'stripe',
    requestTimeoutMs: 20_000,
    ladderMs: defaultLadderMs,
  });
  expect(JSON.parse(JSON.stringify(provider.profile))).toEqual(provider.profile);
});

test.each([
  [{ apiKey: '' }],
  [{ apiKey: 'pk_test_public' }],
  [{ apiKey: 'sk_test_two lines' }],
  [{ apiKey: 'sk_live_without_method' }],
  [{ apiBase: 'nowhere' }],
  [{ apiBase: 'ftp://127.0.0.1' }],
  [{ apiBase: 'http://127.0.0.1/v2' }],
  [{ ladderMs: [] }],
  [{ ladderMs: Array(21).fill(1) }],
])('cannot be Stripe with %o', (wrong) => {
  const right = { apiKey: 'sk_test_one', requestTimeoutMs: 1_000 };

  expect(createStripeProvider(right).profile.name).toBe('stripe');
  expect(() => createStripeProvider({ ...right, ...wrong })).toThrow(RangeError);
});
