import type { Variable } from './config-reader.js';
import * as kind from './config-values.js';

/** The variables of the channels of notices, in the order of `.env.example`. */
export const variables = {
  NOTICE_TIMEOUT_MS: {
    section: 'Channels of notices; one that is not set up is passed over',
    doc: 'Longest wait for an answer of a channel; past it the delivery is in doubt.',
    value: kind.whole(100, 10_000),
    fallback: '8000',
  },
  FCM_SERVICE_ACCOUNT_FILE: {
    doc: 'Push: the key file of a service account that may send, as Firebase gives it; a secret.',
    value: kind.text,
    example: '/run/secrets/fcm-service-account.json',
  },
  FCM_ENDPOINT: {
    doc: "Where FCM is, when not at Google's.",
    value: kind.httpUrl,
    example: 'http://127.0.0.1:3012',
  },
  TWILIO_ACCOUNT_SID: {
    doc: 'SMS: the account at Twilio.',
    value: kind.twilioAccount,
    example: 'AC00000000000000000000000000000000',
  },
  TWILIO_AUTH_TOKEN: { doc: 'Needed with TWILIO_ACCOUNT_SID; a secret.', value: kind.text },
  TWILIO_FROM: {
    doc: 'Needed with TWILIO_ACCOUNT_SID: a number or name that it may send as, or MG...',
    value: kind.text,
    example: '+14155550100',
  },
  TWILIO_ENDPOINT: {
    doc: "Where Twilio's API is, when not at Twilio's.",
    value: kind.httpUrl,
    example: 'http://127.0.0.1:3012',
  },
  TWILIO_CALLBACK_URL: {
    doc: [
      'Where Twilio tells what became of an SMS: /v1/webhooks/twilio of the gateway, by a name',
      'that is reached from outside; for worker and gateway. Without it Twilio tells nobody.',
    ].join('\n'),
    value: kind.httpUrl,
    example: 'https://payments.example.com/v1/webhooks/twilio',
  },
  SMTP_URL: {
    doc: [
      'E-mail: the server that takes it on; a secret when it has a password. smtps is TLS from the',
      'first byte, smtp goes over to TLS, and stays without only where the server is this machine.',
    ].join('\n'),
    value: kind.smtpUrl,
    example: 'smtps://user:password@mail.example.com',
  },
  NOTICE_EMAIL_FROM: {
    doc: 'Needed with SMTP_URL: the address that e-mail is from, and that bounces go to.',
    value: kind.emailAddress,
    example: 'notices@example.com',
  },
  NOTICE_BOUNCE_SECRETS: {
    doc: [
      'What signs bounces (RFC 3464), which a mail server posts to /v1/webhooks/smtp as they are:',
      'a secret, as Standard Webhooks has it. Without it the gateway takes none.',
    ].join('\n'),
    value: kind.webhookSecrets,
    example: 'whsec_base64-of-32-bytes',
  },
  NOTICE_WEBHOOK_SECRETS: {
    doc: [
      'Webhooks: what signs them (Standard Webhooks); a secret. To replace it: new and old. Make',
      `one with node -p "'whsec_' + crypto.randomBytes(32).toString('base64')"`,
    ].join('\n'),
    value: kind.webhookSecrets,
    example: 'whsec_base64-of-32-bytes',
  },
  NOTICE_WEBHOOK_LOOPBACK: {
    doc: 'For development: on lets them go over http to this machine, and nowhere else.',
    value: kind.word('on', 'off'),
    fallback: 'off',
  },
  NOTICES_SANDBOX_PORT: {
    doc: 'Port of the sandbox that plays the far side of all channels.',
    value: kind.port,
    fallback: '3012',
  },
  NOTICES_SANDBOX_SMTP_PORT: {
    doc: 'Port of its mail server.',
    value: kind.port,
    fallback: '3013',
  },
  NOTICES_SANDBOX_LEDGER_FILE: {
    doc: 'Its own record of what came through: append-only, flushed to disk before each answer.',
    value: kind.text,
    fallback: '.holdfast/notices.jsonl',
  },
} as const satisfies Record<string, Variable>;
