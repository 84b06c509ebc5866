import type { Variable } from './config-reader.js';
import * as kind from './config-values.js';

/** The variables of alerts, in the order of `.env.example`. */
export const variables = {
  ALERT_WEBHOOK_URL: {
    section: 'Alerts, which a relay sends',
    doc: 'Told of what cannot wait, once each (POST, JSON); nobody is told when not set. A secret.',
    value: kind.webhookUrl,
    example: 'https://alerts.example.com/holdfast',
  },
  ALERT_WEBHOOK_SECRET: {
    doc: [
      'What signs them, as Standard Webhooks says; a secret. Without it they are not signed. Make',
      `one with node -p "'whsec_' + crypto.randomBytes(32).toString('base64')"`,
    ].join('\n'),
    value: kind.webhookSecret,
    example: 'whsec_base64-of-32-bytes',
  },
  ALERT_WEBHOOK_NETWORK: {
    doc: [
      'Where the receiver may be: with public, only https to an address of the public Internet is',
      'connected to; with any, an address inside and http too.',
    ].join('\n'),
    value: kind.word('public', 'any'),
    fallback: 'public',
  },
  ALERT_LINK_URL: {
    doc: 'The gateway as people reach it: where the links of alerts lead.',
    value: kind.httpUrl,
    fallback: 'http://127.0.0.1:3000',
  },
} as const satisfies Record<string, Variable>;
