import { afterAll, beforeAll, expect, test } from 'vitest';
import { createStripeProvider } from '../../src/providers/stripe/index.js';
import { startStripeMock } from '../support/stripe-mock/start-stripe-mock.js';
import { aStep } from './a-stripe.js';

let mock: Awaited<ReturnType<typeof startStripeMock>>;

beforeAll(async () => {
  mock = await startStripeMock();
}, 300_000);
afterAll(() => mock.stop());

const apiKey = 'sk_test_contract';
const chargeId = 'pi_contract';

/** The adapter on stripe-mock, and what went over the wire. */
function anObserved() {
  const wire: { asked: string; status: number; error: unknown }[] = [];
  const provider = createStripeProvider({
    apiKey,
    apiBase: mock.url,
    requestTimeoutMs: 20_000,
    customer: 'cus_contract',
    async fetch(input, init) {
      const response = await fetch(input, init);
      const { error } = (await response.clone().json()) as { error?: unknown };
      const { pathname } = new URL(String(input));
      wire.push({ asked: `${init?.method} ${pathname}`, status: response.status, error });
      return response;
    },
  });
  return { wire, provider };
}

const metadata = { shop: 'north' };

test.each([
  ['POST /v1/payment_intents', aStep('charge', { metadata })],
  ['POST /v1/payment_intents', aStep('authorize', { metadata })],
  ['POST /v1/payment_intents/pi_contract/capture', aStep('capture', { chargeId, metadata })],
  ['POST /v1/payment_intents/pi_contract/cancel', aStep('void', { chargeId })],
  ['POST /v1/refunds', aStep('refund', { chargeId, metadata })],
  ['POST /v1/payouts', aStep('payout', { destination: 'ba_contract', metadata })],
])('sends %s as the contract has it, for %o', async (asked, request) => {
  const { wire, provider } = anObserved();

  await provider.perform(request);

  expect(wire).toEqual([{ asked, status: 200, error: undefined }]);
});

test.each([
  ['GET /v1/payment_intents/search', aStep('charge')],
  ['GET /v1/payment_intents/pi_contract', aStep('capture', { chargeId })],
  ['GET /v1/refunds', aStep('refund', { chargeId })],
  ['GET /v1/payouts', aStep('payout', { destination: 'ba_contract' })],
])('asks %s as the contract has it, for %o', async (asked, request) => {
  const { wire, provider } = anObserved();

  await provider.find(request);

  expect(wire).toEqual([{ asked, status: 200, error: undefined }]);
});

test('has a contract that refuses an unknown parameter', async () => {
  const response = await fetch(`${mock.url}/v1/payment_intents`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'amount=1250&currency=usd&capture_mode=manual',
  });

  expect(response.status).toBe(400);
  expect(await response.text()).toContain('additional properties are not allowed');
});

test('takes nothing that stripe-mock makes up for proof', async () => {
  const { provider } = anObserved();

  const value = { kind: 'contradicted', reference: 'op_one:charge.1:1' };
  expect(await provider.perform(aStep('charge'))).toMatchObject({ kind: 'ok', value });
});
