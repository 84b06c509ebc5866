import { expect, onTestFinished, test, vi } from 'vitest';
import { createTwilioChannel, createTwilioReports } from '../../src/providers/twilio/index.js';
import { aReceiver } from '../support/a-receiver.js';
import { aDelivery, aNoticesSandbox, twilioAccount } from './a-notices-sandbox.js';
import { aProvider } from './a-provider.js';

const to = '+4915123456789';
const sid = `SM${'a'.repeat(32)}`;

/** Twilio that answers with these, one after the other, and again with the last. */
async function answering(...answers: readonly { status: number; body: unknown }[]) {
  const asked: { url: string; authorization: string; form: URLSearchParams }[] = [];
  const { url: endpoint } = await aProvider(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const { authorization = '' } = request.headers;
    asked.push({ url: request.url ?? '', authorization, form });
    const { status, body } = answers[Math.min(asked.length, answers.length) - 1] ?? {};
    response.writeHead(status ?? 500).end(JSON.stringify(body));
  });
  const options = { ...twilioAccount, endpoint, timeoutMs: 2_000, from: '+14155550100' };
  return { asked, options, channel: createTwilioChannel(options) };
}

test('posts a message as Twilio has it, with a mark and a callback of the delivery', async () => {
  const { asked, options } = await answering({ status: 201, body: { sid, status: 'queued' } });
  const callbackUrl = 'https://payments.example.com/v1/webhooks/twilio';
  const numbered = createTwilioChannel({ ...options, callbackUrl });
  const service = createTwilioChannel({ ...options, from: `MG${'0'.repeat(32)}` });

  expect(await numbered.send(aDelivery(to))).toEqual({ kind: 'sent', providerId: sid });
  await service.send(aDelivery(to));

  const [first, second] = asked;
  expect(first?.url).toBe(`/2010-04-01/Accounts/${twilioAccount.accountSid}/Messages.json`);
  expect(Buffer.from(first?.authorization.slice(6) ?? '', 'base64').toString()).toBe(
    `${twilioAccount.accountSid}:${twilioAccount.authToken}`,
  );
  expect(Object.fromEntries(first?.form ?? [])).toEqual({
    ...{ To: to, From: '+14155550100' },
    Body: expect.stringMatching(/^Words for Ada alone #[A-Z2-9]{8}$/),
    StatusCallback: `${callbackUrl}?delivery=op_one%3Anotice.1`,
  });
  expect(Object.fromEntries(second?.form ?? [])).toEqual({
    ...{ To: to, MessagingServiceSid: `MG${'0'.repeat(32)}` },
    Body: first?.form.get('Body'),
  });
});

test.each([
  [400, 21_211, 'fail', 'address-refused'],
  [400, 21_610, 'fail', 'address-refused'],
  [400, 21_614, 'fail', 'address-refused'],
  [400, 21_617, 'fail', 'notice-refused'],
  [400, 21_408, 'fail', 'notice-refused'],
  [401, 20_003, 'fail', 'notice-refused'],
  [404, 20_404, 'fail', 'notice-refused'],
  [429, 20_429, 'retry', 'rate-limited'],
  [400, undefined, 'unknown', 'status-400'],
  [400, 'x', 'unknown', 'status-400'],
  [500, 20_500, 'unknown', 'status-500'],
  [503, 20_503, 'unknown', 'status-503'],
  [200, undefined, 'unknown', 'unreadable-answer'],
])('takes %d with code %s for %s %s', async (status, code, kind, word) => {
  const { channel } = await answering({ status, body: { code, message: to } });

  const answer = await channel.send(aDelivery(to));

  expect(answer).toMatchObject({ kind, [kind === 'fail' ? 'code' : 'reason']: word });
  expect(JSON.stringify(answer)).not.toContain(to);
});

const at = (ms: number) => new Date(ms).toUTCString().replace('GMT', '+0000');
const listed = (body: string, more: object = {}) => ({
  ...{ sid, body, status: 'sent', date_created: at(Date.now()), error_code: null },
  ...more,
});
const page = (messages: readonly object[], next: string | null = null) => ({
  ...{ status: 200, body: { messages, next_page_uri: next } },
});

/** What the channel puts behind every text of `op_one:notice.1`. */
async function markOf(): Promise<string> {
  const { asked, channel } = await answering({ status: 201, body: { sid } });
  await channel.send(aDelivery(to, { text: '' }));
  return asked[0]?.form.get('Body') ?? '';
}

test.each([
  ['sent', null, { kind: 'sent', providerId: sid }],
  ['queued', null, { kind: 'sent', providerId: sid }],
  ['undelivered', 30_003, { kind: 'fail', code: 'notice-refused', cause: 'twilio-30003' }],
  ['failed', 30_006, { kind: 'fail', code: 'address-refused', cause: 'twilio-30006' }],
  ['failed', null, { kind: 'fail', code: 'notice-refused', cause: 'undelivered' }],
])('finds a message by its mark that is %s with %s', async (status, error_code, found) => {
  const body = `Sent from a trial account - Words${await markOf()}`;
  const { asked, channel } = await answering(
    page([listed('x'), listed(body, { status, error_code })]),
  );

  expect(await channel.find?.('op_one:notice.1', to, Date.now())).toMatchObject(found);
  expect(asked[0]?.url).toContain('?To=%2B4915123456789&PageSize=100');
});

test('goes on to older pages, and no further than when it was sent', async () => {
  const mark = await markOf();
  const since = Date.now();
  const old = listed('old', { date_created: at(since - 3_600_000) });
  const found = await answering(page([listed('x')], '/next?Page=1'), page([listed(mark)]));
  const past = await answering(page([listed('x'), old], '/next?Page=1'), page([listed(mark)]));

  expect(await found.channel.find?.('op_one:notice.1', to, since)).toMatchObject({ kind: 'sent' });
  expect(await past.channel.find?.('op_one:notice.1', to, since)).toEqual({
    ...{ kind: 'not-found', reference: 'op_one:notice.1' },
  });
  expect(found.asked.map(({ url }) => url)[1]).toBe('/next?Page=1');
  expect(past.asked).toHaveLength(1);
});

test.each([
  ['a list without an end', page([listed('x')], '/next')],
  ['one that goes on elsewhere', page([listed('x')], 'https://elsewhere.example/next')],
  ['a message that cannot be read', page([{ sid, status: 'sent' }])],
  ['another time', page([listed('x', { date_created: 'yesterday' })])],
  ['no list', { status: 200, body: { messages: null } }],
  ['a refusal', { status: 401, body: { code: 20_003 } }],
])('is in doubt over %s', async (_, answer) => {
  const { asked, channel } = await answering(answer);

  expect(await channel.find?.('op_one:notice.1', to, Date.now())).toMatchObject({
    kind: 'unknown',
  });
  expect(asked.length).toBeLessThanOrEqual(5);
});

const callbackUrl = 'https://mycompany.com/myapp.php';
const example = {
  ...{ CallSid: 'CA1234567890ABCDE', Caller: '+12349013030', Digits: '1234' },
  ...{ From: '+12349013030', To: '+18005551212' },
};

test('takes the signature of Twilio’s own example for genuine, and no other', () => {
  const reports = createTwilioReports({ authToken: '12345', callbackUrl });
  const body = String(new URLSearchParams(example));
  const read = (signature: string | undefined, search = '?foo=1&bar=2', text = body) =>
    reports.read(Buffer.from(text), { 'x-twilio-signature': signature }, search);
  const genuine = '0/KCTR6DLpKmkAf8muzZqo1nDgQ=';

  // Genuine, and about no message.
  expect(read(genuine)).toEqual({ kind: 'unreadable' });
  expect(read(undefined)).toEqual({ kind: 'refused', code: 'signature-required' });
  for (const forged of [
    read('1/KCTR6DLpKmkAf8muzZqo1nDgQ='),
    read(genuine, '?foo=1&bar=3'),
    read(genuine, '?foo=1&bar=2', body.replace('1234&', '1235&')),
  ]) {
    expect(forged).toEqual({ kind: 'refused', code: 'signature-invalid' });
  }
});

test.each([
  [{}, ['under-way', 'delivered'], undefined],
  [{ fault: 'webhook-duplicate' }, ['under-way', 'delivered', 'delivered'], undefined],
  [{ fault: 'pending', becomes: 'declined', delayMs: 1 }, ['under-way', 'refused'], 'twilio-30003'],
  [
    { fault: 'pending', becomes: 'declined', declineCode: '30006', delayMs: 1 },
    ['under-way', 'address-refused'],
    'twilio-30006',
  ],
])('hears what became of a message: %j', async (rule, states, cause) => {
  const receiver = await aReceiver();
  onTestFinished(receiver.close);
  const sandbox = await aNoticesSandbox({ callbackUrl: `${receiver.url}/twilio` });
  if ('fault' in rule) await sandbox.misbehave({ match: { method: 'POST' }, ...rule });

  const sent = await sandbox.channels.sms.send(aDelivery(to));
  await vi.waitUntil(() => receiver.received.length >= states.length);

  const { authToken } = twilioAccount;
  const reports = createTwilioReports({ authToken, callbackUrl: `${receiver.url}/twilio` });
  const read = receiver.received.map(({ body, headers, path }) =>
    reports.read(Buffer.from(body), headers, path.slice('/twilio'.length)),
  );
  const providerId = sent.kind === 'sent' ? sent.providerId : '';
  expect(read.map((report) => report.kind === 'report' && report.state)).toEqual(states);
  expect(read.at(-1)).toEqual({
    ...{ kind: 'report', deliveryId: 'op_one:notice.1', state: states.at(-1), providerId },
    ...(cause && { cause }),
  });
});
