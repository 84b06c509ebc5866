import { existsSync, readFileSync } from 'node:fs';
import { parseServiceAccount, type ServiceAccount } from '../providers/fcm/index.js';
import type { variables } from './config-notice-variables.js';
import type { Reader } from './config-reader.js';

type Read = Reader<typeof variables>;

/** The channels that are set up, with what each of them needs. */
export function channelsOf(read: Read) {
  return {
    timeoutMs: read.value('NOTICE_TIMEOUT_MS'),
    push: push(read),
    sms: sms(read),
    email: email(read),
    webhook: webhook(read),
  };
}

/** What the gateway needs to hear what became of notices, and to take addresses. */
export function noticesTaken(read: Read) {
  const authToken = read.optional('TWILIO_AUTH_TOKEN');
  const callbackUrl = read.optional('TWILIO_CALLBACK_URL');
  const bounceSecrets = read.optional('NOTICE_BOUNCE_SECRETS');
  const isTold = authToken !== undefined && callbackUrl !== undefined;
  return {
    twilio: isTold ? { authToken, callbackUrl } : undefined,
    smtp: bounceSecrets && { secrets: bounceSecrets },
    webhookLoopback: read.value('NOTICE_WEBHOOK_LOOPBACK') === 'on',
  };
}

/** What the sandbox of notices needs: the same as those who send to it. */
export function noticesSandbox(read: Read) {
  const account = serviceAccount(read);
  if (account === undefined) read.mistake('FCM_SERVICE_ACCOUNT_FILE', 'is missing');
  return {
    port: read.value('NOTICES_SANDBOX_PORT'),
    smtpPort: read.value('NOTICES_SANDBOX_SMTP_PORT'),
    file: read.value('NOTICES_SANDBOX_LEDGER_FILE'),
    // Undefined when it is a mistake: nobody sees what comes of that.
    fcm: account as ServiceAccount,
    twilio: {
      accountSid: read.value('TWILIO_ACCOUNT_SID'),
      authToken: read.value('TWILIO_AUTH_TOKEN'),
    },
    webhookSecrets: read.value('NOTICE_WEBHOOK_SECRETS'),
  };
}

function push(read: Read) {
  const account = serviceAccount(read);
  const endpoint = read.optional('FCM_ENDPOINT');
  return account && { account, endpoint };
}

function serviceAccount(read: Read): ServiceAccount | undefined {
  const file = read.optional('FCM_SERVICE_ACCOUNT_FILE');
  if (file === undefined) return undefined;
  const account = existsSync(file) ? parseServiceAccount(readFileSync(file, 'utf8')) : undefined;
  if (!account) read.mistake('FCM_SERVICE_ACCOUNT_FILE', 'names no key file of a service account');
  return account;
}

function sms(read: Read) {
  const accountSid = read.optional('TWILIO_ACCOUNT_SID');
  if (accountSid === undefined) return undefined;
  const callbackUrl = read.optional('TWILIO_CALLBACK_URL');
  // What we add to it is what says which delivery it is about.
  if (callbackUrl?.includes('?')) read.mistake('TWILIO_CALLBACK_URL', 'must have no query');
  return {
    ...{ accountSid, callbackUrl, endpoint: read.optional('TWILIO_ENDPOINT') },
    authToken: read.value('TWILIO_AUTH_TOKEN'),
    from: read.value('TWILIO_FROM'),
  };
}

function email(read: Read) {
  const server = read.optional('SMTP_URL');
  return server && { server, from: read.value('NOTICE_EMAIL_FROM') };
}

function webhook(read: Read) {
  const secrets = read.optional('NOTICE_WEBHOOK_SECRETS');
  return secrets && { secrets, loopback: read.value('NOTICE_WEBHOOK_LOOPBACK') === 'on' };
}
