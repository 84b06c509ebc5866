import { expect, test } from 'vitest';
import { createEmailChannel } from '../../src/providers/email/index.js';
import { aMailServer } from './a-mail-server.js';
import { aDelivery, aNoticesSandbox } from './a-notices-sandbox.js';

const from = 'notices@holdfast.example';
const to = 'ada.lovelace@example.com';
const timeoutMs = 5_000;

async function aChannel(answers: Parameters<typeof aMailServer>[0] = {}) {
  const { server, ...seen } = await aMailServer(answers);
  return { ...seen, server, channel: createEmailChannel({ server, from, timeoutMs }) };
}

test.each([
  ['greeting', '421 too busy', 'retry', 'smtp-421'],
  ['greeting', '554 not you', 'fail', 'notice-refused'],
  ['greeting', 'cut', 'retry', 'econnection'],
  ['EHLO', 'cut', 'retry', 'econnection'],
  ['MAIL', '451 4.7.1 later', 'retry', 'smtp-451-4.7.1'],
  ['MAIL', '550 5.7.1 not from you', 'fail', 'notice-refused'],
  ['RCPT', 'cut', 'retry', 'econnection'],
  ['RCPT', '450 4.2.1 greylisted', 'retry', 'smtp-450-4.2.1'],
  ['RCPT', '550 no such mailbox', 'fail', 'address-refused'],
  ['RCPT', '550 5.1.1 no such mailbox', 'fail', 'address-refused'],
  ['RCPT', '550 5.2.1 mailbox disabled', 'fail', 'address-refused'],
  ['RCPT', '552 5.2.2 mailbox full', 'fail', 'notice-refused'],
  ['RCPT', '550 5.7.1 relaying denied', 'fail', 'notice-refused'],
  ['RCPT', '550-5.1.1 no such\n550 5.1.1 mailbox', 'fail', 'address-refused'],
  ['DATA', '451 4.3.0 later', 'retry', 'smtp-451-4.3.0'],
  ['DATA', '554 5.5.1 no', 'fail', 'notice-refused'],
  ['DATA', 'cut', 'retry', 'econnection'],
  ['message', '452 4.3.1 disk full', 'retry', 'smtp-452-4.3.1'],
  ['message', '554 5.6.0 spam', 'fail', 'notice-refused'],
  ['message', 'cut', 'unknown', 'econnection'],
  ['message', 'what?', 'unknown', 'emessage'],
] as const)('at %s, %j is %s %s', async (stage, words, kind, word) => {
  const { channel } = await aChannel({ [stage]: words });

  const answer = await channel.send(aDelivery(to));

  expect(answer).toMatchObject({ kind, [kind === 'fail' ? 'code' : 'reason']: word });
  expect(JSON.stringify(answer)).not.toMatch(/ada|Words/);
});

test('keeps to what the server said of the mail, whatever it does after that', async () => {
  const { channel, mails } = await aChannel({ QUIT: 'cut' });

  expect(await channel.send(aDelivery(to))).toEqual({ kind: 'sent' });
  expect(mails).toHaveLength(1);
});

test('writes both forms of the words, and says which delivery it is', async () => {
  const { delivered, channels } = await aNoticesSandbox();

  await channels.email.send(aDelivery(to, { subject: 'Zahlung über 3 €' }));

  const [{ text: mail, ...rest } = { text: '' }] = await delivered();
  expect(rest).toMatchObject({ to, id: '<op_one.notice.1@holdfast.example>' });
  expect(mail).toContain('From: notices@holdfast.example');
  expect(mail).toContain('Subject: =?UTF-8?');
  expect(mail).toContain('Auto-Submitted: auto-generated');
  expect(mail).toContain('Content-Type: text/plain');
  expect(mail).toContain('<p>Words for Ada alone</p>');
});

test('makes no header of what is in a subject', async () => {
  const { delivered, channels } = await aNoticesSandbox();
  const subject = 'Hello\r\nBcc: eve@example.com\r\n\r\n<script>';

  await channels.email.send(aDelivery(to, { subject }));

  const [mail] = await delivered();
  const [headers = ''] = mail?.text.split(/\r?\n\r?\n/) ?? [];
  expect(headers).not.toMatch(/^Bcc:/im);
  expect(headers.match(/^Subject:/gm)).toHaveLength(1);
});

test('sends nothing without TLS where that is needed, nor credentials', async () => {
  const { server, said, mails } = await aChannel();
  const credentials = { user: 'ada', pass: 'secret' };
  const secured = { ...server, requireTLS: true, credentials };

  const channel = createEmailChannel({ server: secured, from, timeoutMs });

  expect(await channel.send(aDelivery(to))).toMatchObject({ kind: 'fail' });
  expect(mails).toEqual([]);
  expect(said.join()).not.toMatch(/AUTH|MAIL/);
});

test.each([
  ['454 4.7.0 later', 'retry', 'smtp-454-4.7.0'],
  ['535 5.7.8 wrong', 'fail', 'notice-refused'],
])('does not send when its credentials meet %j', async (words, kind, word) => {
  const { server, mails } = await aChannel({ EHLO: '250-here\n250 AUTH PLAIN', AUTH: words });
  const credentials = { user: 'ada', pass: 'secret' };
  const channel = createEmailChannel({ server: { ...server, credentials }, from, timeoutMs });

  const answer = await channel.send(aDelivery(to));

  expect(answer).toMatchObject({ kind, [kind === 'fail' ? 'code' : 'reason']: word });
  expect(JSON.stringify(answer)).not.toMatch(/secret|ada/);
  expect(mails).toEqual([]);
});
