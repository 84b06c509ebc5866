import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aStripe } from '../providers/a-stripe.js';
import { aGateway, type TestGateway } from './a-gateway.js';
import { stripe as from } from './a-sender.js';
import { aPaymentInDoubt, referenceFor, signalsOf, storedAs, tell } from './a-webhook.js';

// What every provider's webhooks have in common is in webhooks.test.ts.
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await aGateway();
});
afterAll(() => gateway.stop());

test('of Stripe ends a payment whose answer was lost and which search does not show', async () => {
  // A ladder so long that only evidence could end the doubt.
  const { stripe, provider } = await aStripe({ ladderMs: [3_600_000] });
  const stop = await gateway.world.work({ provider: () => provider });
  stripe.lagSearch();
  stripe.misbehave('reset-after');
  const opId = await aPaymentInDoubt(gateway);
  const [intent] = stripe.intents.values();
  const sent = {
    eventId: nanoid(),
    ...{ type: 'payment_intent.succeeded', data: { data: { object: intent } } },
  };

  const answers = [await tell(gateway, from, sent), await tell(gateway, from, sent)];
  const result = await gateway.world.client.result(opId);
  await stop();

  expect(answers.map(({ status, body }) => [status, body.state])).toEqual([
    [200, 'applied'],
    [200, 'applied'],
  ]);
  expect(result).toMatchObject({ kind: 'settled', minor: 30_00, chargeId: intent?.id });
  expect(intent?.metadata['reference']).toBe(referenceFor(opId));
  expect(stripe.effects).toMatchObject([{ effect: 'captured', minor: 30_00 }]);
  expect(await gateway.world.disagreeing()).toEqual([]);
});

test.each([
  ['live mode', { livemode: true }],
  ['no mode at all', { livemode: undefined }],
  ['a connected account', { account: 'acct_other' }],
])('of %s is stored and shown, and not applied by anybody', async (_, more) => {
  const { stripe, provider } = await aStripe({ ladderMs: [3_600_000] });
  const stop = await gateway.world.work({ provider: () => provider });
  stripe.misbehave('reset-after');
  stripe.lagSearch();
  const opId = await aPaymentInDoubt(gateway);
  const { type, data } = from.captured({ reference: referenceFor(opId) });
  const eventId = nanoid();

  const answer = await tell(gateway, from, { eventId, type, data: { ...data, ...more } });
  const before = await gateway.world.reads.operation(gateway.world.tenant, opId);
  const told = await signalsOf(gateway, opId);
  await gateway.world.temporal.workflow.getHandle(opId).terminate();
  await stop();

  expect([answer.status, answer.body.state]).toEqual([200, 'held']);
  expect(told).toEqual([]);
  expect(before?.phase).toBe('in-doubt');
  expect(await storedAs(gateway, eventId)).toEqual([
    { op_id: opId, state: 'held', reason: 'other-environment', evidence: null },
  ]);
  expect(gateway.lines.filter((line) => line['eventId'] === eventId)).toMatchObject([
    { level: 'warn', provider: 'stripe', reason: 'other-environment' },
  ]);
});
