import { expect, test } from 'vitest';
import { errorAnswer } from '../support/stripe-simulator/answer.js';
import { aProvider } from './a-provider.js';
import { aStep, aStripe, charged } from './a-stripe.js';

const ok = (value: object) => ({ kind: 'ok', value });
const unknown = (reason: string) => ({ kind: 'unknown', reason, askAgainAfterMs: 1_000 });
const retry = (reason: string, nextRetryAfterMs: number) => ({
  kind: 'retry',
  reason,
  attempt: 1,
  nextRetryAfterMs,
});
const refused = (cause: string) => ({ kind: 'fail', code: 'provider-refused', cause });
const invalid = (code?: string) => errorAnswer(400, 'invalid_request_error', code);
const html = (status: number) => ({ status, html: '<!doctype html><h1>Gateway</h1>' });
const { reference } = aStep('charge');
const reused = { kind: 'contradicted', reference, detail: 'another request under our key' };
const stolen = { kind: 'declined', reference, declineCode: 'stolen_card' };

/** Stripe's answer; how a charge understands it; how a look-up does. */
const answers: [
  string,
  Parameters<typeof errorAnswer> | ReturnType<typeof html>,
  object,
  object,
][] = [
  [
    'a stolen card',
    [402, 'card_error', 'card_declined', { decline_code: 'stolen_card' }],
    ok(stolen),
    unknown('refused-stolen_card'),
  ],
  ['a 402 that is no card error', [402, 'api_error'], unknown('status-402'), unknown('status-402')],
  [
    'a wrong parameter',
    [400, 'invalid_request_error', 'parameter_unknown'],
    refused('parameter_unknown'),
    unknown('refused-parameter_unknown'),
  ],
  [
    'nothing there',
    [404, 'invalid_request_error', 'resource_missing'],
    refused('resource_missing'),
    unknown('refused-resource_missing'),
  ],
  ['a used key', [400, 'idempotency_error'], ok(reused), unknown('key-reused')],
  [
    'a key in use',
    [409, 'invalid_request_error', 'idempotency_key_in_use'],
    unknown('status-409'),
    unknown('status-409'),
  ],
  [
    'a wrong API key',
    [401, 'invalid_request_error'],
    retry('stripe-rejects-our-api-key', 300_000),
    retry('stripe-rejects-our-api-key', 300_000),
  ],
  [
    'a key without the right',
    [403, 'invalid_request_error'],
    retry('our-api-key-lacks-permission', 300_000),
    retry('our-api-key-lacks-permission', 300_000),
  ],
  [
    'a lock time-out',
    [429, 'invalid_request_error', 'lock_timeout'],
    retry('rate-limited', 1_000),
    retry('rate-limited', 1_000),
  ],
  ['a dependency of Stripe', [424, 'api_error'], unknown('status-424'), unknown('status-424')],
  ['an error of Stripe', [503, 'api_error'], unknown('status-503'), unknown('status-503')],
  ['an error with a good status', [200, 'api_error'], unknown('status-200'), unknown('status-200')],
  ['a page', html(200), unknown('status-200'), unknown('status-200')],
  ['a page that says 404', html(404), unknown('status-404'), unknown('status-404')],
  ['a page that says 402', html(402), unknown('status-402'), unknown('status-402')],
  ['a page that says 401', html(401), unknown('status-401'), unknown('status-401')],
  ['a page that says 502', html(502), unknown('status-502'), unknown('status-502')],
];

test.each(answers)('sorts %s', async (_name, answer, charge, found) => {
  const { stripe, provider } = await aStripe();
  stripe.answerWith(Array.isArray(answer) ? errorAnswer(...answer) : answer);

  expect(await provider.perform(aStep('charge'))).toMatchObject(charge);
  expect(await provider.find(aStep('charge'))).toEqual(found);
  expect(stripe.requests).toHaveLength(2);
  expect(stripe.effects).toEqual([]);
});

test('waits as long as Stripe asks after a rate limit, and can use its key again', async () => {
  const { stripe, provider } = await aStripe();
  stripe.misbehave('rate-limit');

  expect(await provider.perform(aStep('charge'))).toEqual(retry('rate-limited', 7_000));
  expect(await provider.perform(aStep('charge'))).toMatchObject(ok({ kind: 'captured' }));
});

test('tells an operator that the API key is wrong', async () => {
  const { stripe, another } = await aStripe();
  const provider = another({ apiKey: 'sk_test_revoked' });

  const outcome = await provider.perform(aStep('charge'));

  expect(outcome).toEqual(retry('stripe-rejects-our-api-key', 300_000));
  expect(stripe.effects).toEqual([]);
});

test.each([
  ['capture', 'charge_expired_for_capture'],
  ['capture', 'amount_too_large'],
  ['refund', 'charge_disputed'],
  ['payout', 'payouts_not_allowed'],
] as const)('declines a %s that can never be: %s', async (step, declineCode) => {
  const { stripe, provider } = await aStripe();
  stripe.answerWith(invalid(declineCode));

  const outcome = await provider.perform(aStep(step, { chargeId: 'pi_one' }));

  expect(outcome).toMatchObject(ok({ kind: 'declined', declineCode }));
});

test.each(['capture', 'void'] as const)(
  'is in doubt about a %s that is refused for a state it is not shown',
  async (step) => {
    const { stripe, provider } = await aStripe();
    stripe.answerWith(invalid('payment_intent_unexpected_state'));

    const outcome = await provider.perform(aStep(step, { chargeId: 'pi_one' }));

    expect(outcome).toEqual(unknown('refused-payment_intent_unexpected_state'));
  },
);

test.each(['capture', 'void'] as const)('waits with a %s while the card works', async (step) => {
  const { stripe, provider } = await aStripe();
  const payment_intent = { ...intent, status: 'processing', amount_received: 0 };
  const code = 'payment_intent_unexpected_state';
  stripe.answerWith(errorAnswer(400, 'invalid_request_error', code, { payment_intent }));

  const outcome = await provider.perform(aStep(step, { chargeId: 'pi_one' }));

  expect(outcome).toMatchObject(ok({ kind: 'pending' }));
});

test.each(['capture', 'void', 'refund', 'payout'] as const)(
  'fails a %s that was asked wrongly',
  async (step) => {
    const { stripe, provider } = await aStripe();
    stripe.answerWith(invalid('parameter_invalid_integer'));

    const outcome = await provider.perform(aStep(step, { chargeId: 'pi_one' }));

    expect(outcome).toMatchObject(refused('parameter_invalid_integer'));
  },
);

const intent = {
  id: 'pi_one',
  object: 'payment_intent',
  status: 'succeeded',
  amount: 12_50,
  amount_received: 12_50,
  currency: 'usd',
  metadata: { reference },
};
const wrong = (detail: string) => ok({ kind: 'contradicted', reference, detail });

/** What differs from an honest charge; how it is understood. */
const bodies: [object, object][] = [
  [{}, ok({ kind: 'captured', reference, chargeId: 'pi_one', minor: 12_50, currency: 'USD' })],
  [{ amount: 12_51 }, wrong('another amount')],
  [{ amount_received: 12_49 }, wrong('another captured amount')],
  [{ currency: 'eur' }, wrong('another currency')],
  [{ metadata: { reference: 'op_two:charge.1:1' } }, wrong('another reference')],
  [{ metadata: {} }, wrong('another reference')],
  [{ status: 'requires_capture' }, wrong('the charge is only authorized')],
  [{ status: 'processing' }, ok({ kind: 'pending', reference })],
  [{ status: 'requires_confirmation' }, ok({ kind: 'pending', reference })],
  [{ status: 'requires_payment_method' }, ok({ kind: 'pending', reference })],
  [
    { status: 'requires_action' },
    ok({ kind: 'declined', reference, chargeId: 'pi_one', declineCode: 'authentication_required' }),
  ],
  [{ status: 'canceled' }, ok({ kind: 'voided', reference, chargeId: 'pi_one' })],
  [{ status: 'of-next-year' }, unknown('unreadable-answer')],
  [{ id: undefined }, unknown('unreadable-answer')],
  [{ id: '' }, unknown('unreadable-answer')],
  [{ object: 'charge' }, unknown('unreadable-answer')],
  [{ amount: '1250' }, unknown('unreadable-answer')],
  [{ amount: 12.5 }, unknown('unreadable-answer')],
  [{ amount: -1 }, unknown('unreadable-answer')],
  [{ amount: null }, unknown('unreadable-answer')],
  [{ currency: 'xyz' }, unknown('unreadable-answer')],
];

test.each(bodies)('holds a charge with %o against what was asked', async (differs, understood) => {
  const { stripe, provider } = await aStripe();
  stripe.answerWith({ status: 200, body: { ...intent, ...differs } });

  expect(await provider.perform(aStep('charge'))).toEqual(understood);
});

test.each([['null'], ['[]'], ['"text"'], ['17'], ['{"id":"pi_one"'], ['']])(
  'proves nothing by a body of %s',
  async (body) => {
    const { url } = await aProvider((_request, response) => response.end(body));
    const { another } = await aStripe();
    const provider = another({ apiBase: url });

    expect(await provider.perform(aStep('charge'))).toMatchObject({ kind: 'unknown' });
    expect(await provider.find(aStep('charge'))).toMatchObject({ kind: 'unknown' });
  },
);

test('reads no more than it must of an answer without an end', async () => {
  const { url } = await aProvider((_request, response) => {
    response.write('{"padding":"');
    response.end('x'.repeat(3 * 1024 * 1024));
  });
  const { another } = await aStripe();

  const outcome = await another({ apiBase: url }).perform(aStep('charge'));

  expect(outcome).toEqual(unknown('body-too-large'));
});

test('calls Stripe once when the connection is reset, whatever its SDK would do', async () => {
  let calls = 0;
  const { url } = await aProvider((request) => {
    calls += 1;
    request.socket.resetAndDestroy();
  });
  const { another } = await aStripe();
  const provider = another({ apiBase: url });

  expect(await provider.perform(aStep('charge'))).toEqual(unknown('connection-lost'));
  expect(calls).toBe(1);
});

test('knows that Stripe was never asked when nobody listens', async () => {
  const { stripe, provider } = await aStripe();
  await stripe.close();

  const nothing = retry('no-connection', 1_000);
  expect(await provider.perform(aStep('charge'))).toEqual(nothing);
  expect(await provider.find(aStep('charge'))).toEqual(nothing);
});

test('asks about a refund again when its list is broken', async () => {
  const { stripe, provider } = await aStripe();
  const chargeId = await charged(provider, 'charge');
  stripe.answerWith({ status: 200, body: { object: 'list', data: 'none' } });

  expect(await provider.find(aStep('refund', { chargeId }))).toEqual(unknown('unreadable-answer'));
});
