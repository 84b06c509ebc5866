import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gatewayConfig, noticesSandboxConfig, workerConfig } from '../../src/main/config.js';
import { aFolder } from '../providers/a-sandbox.js';
import { enough, mistakesOf, newKey } from './an-environment.js';

const twilio = {
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'hunter2',
  TWILIO_FROM: '+14155550100',
};
const channelsOf = (more: Readonly<Record<string, string>>) =>
  workerConfig({ ...enough, ...more }).channels;

test('sets up what it is told of, and nothing else', () => {
  expect(channelsOf({})).toEqual({ timeoutMs: 8_000 });
  expect(channelsOf(twilio)).toEqual({
    timeoutMs: 8_000,
    sms: { accountSid: `AC${'0'.repeat(32)}`, authToken: 'hunter2', from: '+14155550100' },
  });
  expect(
    channelsOf({ NOTICE_WEBHOOK_SECRETS: `whsec_${newKey.toString('base64')}` }).webhook,
  ).toEqual({ secrets: [Uint8Array.from(newKey)], loopback: false });
});

test.each([
  ['smtps://mail.example.com', { port: 465, secure: true, requireTLS: true }],
  ['smtp://mail.example.com', { port: 587, secure: false, requireTLS: true }],
  ['smtp://127.0.0.1:2525', { port: 2_525, secure: false, requireTLS: false }],
  [
    'smtps://ada%40x:p%3Aw@mail.example.com:2465',
    { port: 2_465, secure: true, credentials: { user: 'ada@x', pass: 'p:w' } },
  ],
])('reads %s', (given, server) => {
  const { email } = channelsOf({ SMTP_URL: given, NOTICE_EMAIL_FROM: 'Notices@Example.com' });

  expect(email).toMatchObject({ server, from: 'Notices@example.com' });
});

test.each([
  [{ TWILIO_ACCOUNT_SID: twilio.TWILIO_ACCOUNT_SID }, ['TWILIO_AUTH_TOKEN', 'TWILIO_FROM']],
  [{ ...twilio, TWILIO_ACCOUNT_SID: 'hunter2' }, ['TWILIO_ACCOUNT_SID']],
  [{ ...twilio, TWILIO_CALLBACK_URL: 'https://x.example/t?a=hunter2' }, ['TWILIO_CALLBACK_URL']],
  [{ SMTP_URL: 'smtps://mail.example.com' }, ['NOTICE_EMAIL_FROM']],
  [{ SMTP_URL: 'http://hunter2.example.com', NOTICE_EMAIL_FROM: 'a@b.example' }, ['SMTP_URL']],
  [
    { SMTP_URL: 'smtps://mail.example.com', NOTICE_EMAIL_FROM: 'hunter2\r\nBcc: x' },
    ['NOTICE_EMAIL_FROM'],
  ],
  [{ FCM_SERVICE_ACCOUNT_FILE: '/nowhere/hunter2.json' }, ['FCM_SERVICE_ACCOUNT_FILE']],
  [{ NOTICE_WEBHOOK_SECRETS: 'hunter2' }, ['NOTICE_WEBHOOK_SECRETS']],
  [{ NOTICE_TIMEOUT_MS: '10001' }, ['NOTICE_TIMEOUT_MS']],
])('refuses %j, and names no value', (given, names) => {
  const mistakes = mistakesOf(() => channelsOf(given));

  expect(mistakes.map((line) => line.split(' ')[0])).toEqual(names);
  expect(mistakes.join()).not.toContain('hunter2');
});

test('takes no key file that is none', async () => {
  const file = join(await aFolder(), 'key.json');
  await writeFile(file, '{"type":"service_account"}');

  expect(mistakesOf(() => channelsOf({ FCM_SERVICE_ACCOUNT_FILE: file }))).toEqual([
    expect.stringMatching(/^FCM_SERVICE_ACCOUNT_FILE names no key file/),
  ]);
});

test('hears from Twilio where it has both the token and the URL that Twilio was given', () => {
  const taken = (more: Readonly<Record<string, string>>) =>
    gatewayConfig({ ...enough, ...more }).notices;
  const url = 'https://payments.example.com/v1/webhooks/twilio';

  expect(taken({})).toEqual({ webhookLoopback: false });
  expect(taken({ TWILIO_AUTH_TOKEN: 'hunter2' }).twilio).toBeUndefined();
  expect(taken({ TWILIO_AUTH_TOKEN: 'hunter2', TWILIO_CALLBACK_URL: url }).twilio).toEqual({
    ...{ authToken: 'hunter2', callbackUrl: url },
  });
  expect(taken({ NOTICE_WEBHOOK_LOOPBACK: 'on' }).webhookLoopback).toBe(true);
  expect(taken({ NOTICE_BOUNCE_SECRETS: `whsec_${newKey.toString('base64')}` }).smtp).toEqual({
    secrets: [Uint8Array.from(newKey)],
  });
});

test('has the sandbox need what those who send to it have', () => {
  const mistakes = mistakesOf(() => noticesSandboxConfig({}));

  const names = mistakes.map((line) => line.split(' ')[0]);
  const wanted = [
    'FCM_SERVICE_ACCOUNT_FILE',
    'NOTICE_WEBHOOK_SECRETS',
    'TWILIO_ACCOUNT_SID',
    'TWILIO_AUTH_TOKEN',
  ];
  expect(new Set(names)).toEqual(new Set(wanted));
});
