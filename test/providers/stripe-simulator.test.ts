import { expect, test } from 'vitest';
import { aStripe } from './a-stripe.js';

/** A plain request to the simulator, as any client makes it. */
async function aClient() {
  const { stripe } = await aStripe();
  const send = async (path: string, form: string, key: string) => {
    const response = await fetch(`${stripe.url}/v1/${path}`, {
      method: 'POST',
      headers: {
        authorization: 'Bearer sk_test_simulator',
        'content-type': 'application/x-www-form-urlencoded',
        'idempotency-key': key,
      },
      body: form,
    });
    const replayed = response.headers.get('idempotent-replayed');
    return { status: response.status, replayed, body: await response.json() };
  };
  return { stripe, send };
}

const order = 'amount=1250&currency=usd&confirm=true';

test.each([
  ['a charge', 200, 'pm_card_visa', undefined],
  ['a decline', 402, 'pm_card_visa_chargeDeclined', undefined],
  ['an error', 500, 'pm_card_visa', 'error-before'],
] as const)('replays %s under its key, and says so', async (_name, status, method, fault) => {
  const { stripe, send } = await aClient();
  if (fault) stripe.misbehave(fault);

  const first = await send('payment_intents', `${order}&payment_method=${method}`, 'key_one');
  const second = await send('payment_intents', `${order}&payment_method=${method}`, 'key_one');

  expect(first).toMatchObject({ status, replayed: null });
  expect(second).toEqual({ ...first, replayed: 'true' });
  expect(stripe.intents.size).toBe(fault ? 0 : 1);
});

test('keeps a key to its parameters', async () => {
  const { stripe, send } = await aClient();
  await send('payment_intents', order, 'key_one');

  const other = await send('payment_intents', order.replace('1250', '1251'), 'key_one');

  expect(other).toMatchObject({ status: 400, body: { error: { type: 'idempotency_error' } } });
  expect(stripe.effects).toHaveLength(1);
});

test('keeps nothing under the key of a request that was refused before it began', async () => {
  const { send } = await aClient();
  const invalid = await send('payment_intents', 'amount=0&currency=usd', 'key_one');

  const valid = await send('payment_intents', order, 'key_one');

  expect(invalid).toMatchObject({ status: 400, replayed: null });
  expect(valid).toMatchObject({ status: 200, replayed: null });
});

test('confirms an intent that was made without', async () => {
  const { stripe, send } = await aClient();
  await send('payment_intents', 'amount=1250&currency=usd', 'key_one');
  const [id] = stripe.intents.keys();
  expect(stripe.effects).toEqual([]);

  await send(`payment_intents/${id}/confirm`, 'payment_method=pm_card_visa', 'key_two');

  expect(stripe.effects).toMatchObject([{ effect: 'captured', id, minor: 1250 }]);
});
