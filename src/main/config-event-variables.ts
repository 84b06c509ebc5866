import type { Variable } from './config-reader.js';
import * as kind from './config-values.js';

/** The variables of events, in the order of `.env.example`. */
export const variables = {
  EVENT_SINKS: {
    section: 'Where events go',
    doc: [
      'Sinks that a relay serves, each at its own pace: log is its stdout, a line of JSON each;',
      'notices tells people of their money, and needs TEMPORAL_* and PAYLOAD_KEYS as workers do.',
      'A sink is owed every event from the first time that a relay names it.',
    ].join('\n'),
    value: kind.wordList('log', 'webhook', 'nats', 'notices'),
    fallback: 'log',
  },
  EVENT_RETRY_HOURS: {
    doc: 'An event that a sink does not take for so long is set aside: holdfast events dead.',
    value: kind.whole(1, 720),
    fallback: '72',
  },
  EVENT_WEBHOOK_URL: {
    doc: 'Needed with webhook: where each event is posted. What DNS says is checked as well.',
    value: kind.webhookTarget,
    example: 'https://example.com/events',
  },
  EVENT_WEBHOOK_SECRETS: {
    doc: [
      'Needed with webhook: what signs the events (Standard Webhooks); a secret. To replace it:',
      'new and old, which both sign, until the receiver has the new one. Make one with',
      `node -p "'whsec_' + crypto.randomBytes(32).toString('base64')"`,
    ].join('\n'),
    value: kind.webhookSecrets,
    example: 'whsec_base64-of-32-bytes',
  },
  EVENT_WEBHOOK_LOOPBACK: {
    doc: 'For development: on lets the URL be http to this machine, and nothing else.',
    value: kind.word('on', 'off'),
    fallback: 'off',
  },
  NATS_URL: {
    doc: 'Needed with nats: servers with JetStream.',
    value: kind.natsServers,
    example: 'nats://127.0.0.1:4222',
  },
  NATS_CREDS: {
    doc: 'Credentials for them, a file as nsc writes it; without it the relay has none.',
    value: kind.text,
    example: '/run/secrets/holdfast.creds',
  },
} as const satisfies Record<string, Variable>;
