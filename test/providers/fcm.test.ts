import { expect, test } from 'vitest';
import { createFcmChannel, parseServiceAccount } from '../../src/providers/fcm/index.js';
import { aDelivery, aNoticesSandbox } from './a-notices-sandbox.js';
import { aProvider } from './a-provider.js';

type Sandbox = Awaited<ReturnType<typeof aNoticesSandbox>>;

const fcmError = (status: number, errorCode: string, details: object = {}) => ({
  error: { code: status, status: 'X', details: [{ errorCode, ...details }] },
});
const aboutToken = { fieldViolations: [{ field: 'message.token', description: 'x' }] };

/** FCM that answers every message with this; its tokens come from the sandbox. */
async function answering(sandbox: Sandbox, status: number, body: unknown, headers: object = {}) {
  const asked: string[] = [];
  const { url: endpoint } = await aProvider(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push(Buffer.concat(chunks).toString());
    response.writeHead(status, { ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const { account } = sandbox;
  return { asked, channel: createFcmChannel({ account, endpoint, timeoutMs: 2_000 }) };
}

test.each([
  ['fail', 'address-refused', 404, fcmError(404, 'UNREGISTERED')],
  ['fail', 'address-refused', 400, fcmError(400, 'INVALID_ARGUMENT', aboutToken)],
  ['fail', 'notice-refused', 400, fcmError(400, 'INVALID_ARGUMENT')],
  ['fail', 'notice-refused', 403, fcmError(403, 'SENDER_ID_MISMATCH')],
  ['fail', 'notice-refused', 401, fcmError(401, 'THIRD_PARTY_AUTH_ERROR')],
  ['retry', 'access-token-refused', 401, { error: { status: 'UNAUTHENTICATED' } }],
  ['retry', 'rate-limited', 429, fcmError(429, 'QUOTA_EXCEEDED')],
  ['unknown', 'status-500', 500, fcmError(500, 'INTERNAL')],
  ['unknown', 'status-503', 503, fcmError(503, 'UNAVAILABLE')],
  ['unknown', 'status-404', 404, '<html>no such page</html>'],
  ['unknown', 'unreadable-answer', 200, '<html>welcome</html>'],
  ['unknown', 'unreadable-answer', 200, {}],
  ['unknown', 'body-too-large', 200, 'x'.repeat(70_000)],
])('answers %s %s when FCM says %d', async (kind, word, status, body) => {
  const sandbox = await aNoticesSandbox();
  const { channel } = await answering(sandbox, status, body);

  const answer = await channel.send(aDelivery(sandbox.addressOf('push')));

  expect(answer).toMatchObject({ kind, [kind === 'fail' ? 'code' : 'reason']: word });
});

test('waits as long as FCM says, and a minute when it does not', async () => {
  const sandbox = await aNoticesSandbox();
  const quota = await answering(sandbox, 429, fcmError(429, 'QUOTA_EXCEEDED'));
  const later = { 'retry-after': '30' };
  const down = await answering(sandbox, 503, fcmError(503, 'UNAVAILABLE'), later);
  const delivery = aDelivery(sandbox.addressOf('push'));

  expect(await quota.channel.send(delivery)).toMatchObject({ nextRetryAfterMs: 60_000 });
  expect(await down.channel.send(delivery)).toMatchObject({ askAgainAfterMs: 30_000 });
});

test('marks a message so that one delivery is shown once and takes no other one away', async () => {
  const sandbox = await aNoticesSandbox();
  const { asked, channel } = await answering(sandbox, 200, { name: 'projects/x/messages/1' });

  const sent = await channel.send(aDelivery('device', { data: { reference: 'op_one' } }));

  const { message } = JSON.parse(asked[0] ?? '');
  const tag = message.android.notification.tag;
  expect(sent).toEqual({ kind: 'sent', providerId: 'projects/x/messages/1' });
  expect(tag).toMatch(/^[A-Za-z0-9_-]{32}$/);
  expect(message).toEqual({
    token: 'device',
    notification: { title: 'Hello', body: 'Words for Ada alone' },
    data: { reference: 'op_one', deliveryId: 'op_one:notice.1' },
    android: { notification: { tag } },
    apns: { headers: { 'apns-collapse-id': tag } },
    webpush: { headers: { Topic: tag }, notification: { tag } },
  });
});

const tokensAsked = ({ lines }: Sandbox) =>
  lines.filter(({ message, url }) => message === 'answered' && url === '/token').length;

test('asks once for a token that many messages need at once', async () => {
  const sandbox = await aNoticesSandbox();
  const to = sandbox.addressOf('push');
  const ids = [1, 2, 3, 4, 5].map((n) => `op_${n}:notice.1`);

  const send = (deliveryId: string) => sandbox.channels.push.send(aDelivery(to, { deliveryId }));
  const sent = await Promise.all(ids.map(send));
  await send('op_6:notice.1');

  expect(sent.map(({ kind }) => kind)).toEqual(ids.map(() => 'sent'));
  expect(tokensAsked(sandbox)).toBe(1);
});

test('asks for another token when FCM takes the one it has no more', async () => {
  const sandbox = await aNoticesSandbox();
  const delivery = aDelivery(sandbox.addressOf('push'));
  await sandbox.channels.push.send(delivery);
  await sandbox.misbehave({ fault: 'decline', declineCode: 'UNAUTHENTICATED', times: 1 });

  const refused = await sandbox.channels.push.send({ ...delivery, deliveryId: 'op_two:notice.1' });
  const again = await sandbox.channels.push.send({ ...delivery, deliveryId: 'op_two:notice.1' });

  expect(refused).toMatchObject({ kind: 'retry', reason: 'access-token-refused' });
  expect(again).toMatchObject({ kind: 'sent' });
  expect(tokensAsked(sandbox)).toBe(2);
});

test.each([
  ['timeout-before', { kind: 'retry', reason: 'no-access-token' }],
  ['error-after', { kind: 'retry', reason: 'no-access-token' }],
  ['html', { kind: 'retry', reason: 'no-access-token' }],
  ['rate-limit', { kind: 'retry', nextRetryAfterMs: 1_000 }],
])('has certainly sent nothing without a token: %s', async (fault, answer) => {
  const sandbox = await aNoticesSandbox({ timeoutMs: 401 });
  await sandbox.misbehave({ fault, match: { path: '/token' } });

  const delivery = aDelivery(sandbox.addressOf('push'));
  expect(await sandbox.channels.push.send(delivery)).toMatchObject(answer);
  expect(await sandbox.delivered()).toEqual([]);
});

test('is refused when Google does not know us', async () => {
  const { account, endpoint, addressOf } = await aNoticesSandbox();
  const stranger = { ...account, email: 'somebody@else.example' };
  const channel = createFcmChannel({ account: stranger, endpoint, timeoutMs: 2_000 });

  expect(await channel.send(aDelivery(addressOf('push')))).toMatchObject({
    ...{ kind: 'fail', code: 'notice-refused', cause: 'credentials-refused' },
  });
});

test('reads the key file of a service account, and nothing else', async () => {
  const { account } = await aNoticesSandbox();
  const file = {
    ...{ type: 'service_account', project_id: 'my-project', private_key_id: 'k1' },
    private_key: account.privateKey,
    client_email: 'a@my-project.iam.gserviceaccount.com',
    token_uri: 'https://oauth2.googleapis.com/token',
  };

  expect(parseServiceAccount(JSON.stringify(file))).toMatchObject({ projectId: 'my-project' });
  const bad = [{ project_id: '../x' }, { private_key: 'hunter2' }, { token_uri: 'file:///x' }];
  const files = bad.map((wrong) => JSON.stringify({ ...file, ...wrong }));
  for (const text of ['', '{}', 'null', ...files]) {
    expect(parseServiceAccount(text)).toBeUndefined();
  }
});
