import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { createNoticeWebhookChannel } from '../../src/providers/notice-webhook/index.js';
import { aReceiver } from '../support/a-receiver.js';
import { aDelivery, webhookSecret } from './a-notices-sandbox.js';

const secrets = [webhookSecret, new Uint8Array(24).fill(9)];
const options = { secrets, loopback: true, timeoutMs: 1_000 };

async function aListener(answer = () => 204) {
  const receiver = await aReceiver(answer);
  onTestFinished(receiver.close);
  return receiver;
}

test('signs with each secret, under an id without a dot, the same bytes each time', async () => {
  const { url, received } = await aListener();
  const channel = createNoticeWebhookChannel(options);

  await channel.send(aDelivery(url));
  await channel.send(aDelivery(url));

  const [first, second] = received;
  for (const secret of secrets) {
    const webhook = new Webhook(secret, { format: 'raw' });
    expect(webhook.verify(first?.body ?? '', first?.headers as Record<string, string>)).toEqual({
      ...{ type: 'notice' },
      data: { deliveryId: 'op_one:notice.1', subject: 'Hello', text: 'Words for Ada alone' },
    });
  }
  expect(first?.headers['webhook-id']).toBe('op_one:notice-1');
  expect(second?.headers['webhook-id']).toBe('op_one:notice-1');
  expect(second?.body).toEqual(first?.body);
});

test.each([
  ['http://127.0.0.1:1/', false],
  ['http://localhost:1/', false],
  ['http://example.com/', true],
  ['https://127.0.0.1/', true],
  ['https://10.0.0.1/', true],
  ['https://[::1]/', true],
  ['https://169.254.169.254/latest/meta-data', true],
  ['https://example.com:25/', true],
  ['http://127.0.0.1:25/', true],
  ['https://ada:secret@example.com/', true],
  ['file:///etc/passwd', true],
])('never goes to %s', async (to, loopback) => {
  const channel = createNoticeWebhookChannel({ ...options, loopback });

  expect(await channel.send(aDelivery(to))).toMatchObject({
    ...{ kind: 'fail', code: 'address-refused', cause: 'address-not-allowed' },
  });
});

test.each([
  ['10.1.2.3', 4],
  ['127.0.0.1', 4],
  ['::1', 6],
  ['169.254.169.254', 4],
])('connects to no name that leads to %s', async (address, family) => {
  const channel = createNoticeWebhookChannel({
    ...options,
    lookup: (_name, _options, done) => done(null, [{ address, family }]),
  });

  const answer = await channel.send(aDelivery('https://hooks.example.com/secret-path'));

  expect(answer).toMatchObject({ kind: 'fail', cause: 'address-not-allowed' });
  expect(JSON.stringify(answer)).not.toMatch(/secret-path|hooks\.example/);
});

test('follows no redirect', async () => {
  const { url, received } = await aListener(() => 302);

  const answer = await createNoticeWebhookChannel(options).send(aDelivery(url));

  expect(answer.kind).not.toBe('sent');
  expect(received).toHaveLength(1);
});

test.each([
  [400, 'fail', 'notice-refused'],
  [401, 'fail', 'notice-refused'],
  [404, 'fail', 'notice-refused'],
  [408, 'retry', undefined],
  [410, 'fail', 'address-refused'],
  [425, 'retry', undefined],
  [429, 'retry', undefined],
  [500, 'unknown', undefined],
  [503, 'unknown', undefined],
] as const)('takes %d for %s', async (status, kind, code) => {
  const { url } = await aListener(() => status);

  const answer = await createNoticeWebhookChannel(options).send(aDelivery(url));

  expect(answer).toMatchObject({ kind, ...(code && { code }) });
});
