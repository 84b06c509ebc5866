import { existsSync } from 'node:fs';
import type { Reader, Variable } from './config-reader.js';
import * as kind from './config-values.js';

/** Where events go. */
export const variables = {
  EVENT_SINKS: {
    section: 'Where events go',
    doc: [
      'Sinks that a relay serves, each at its own pace: log is its stdout, a line of JSON each.',
      'A sink is owed every event from the first time that a relay names it.',
    ].join('\n'),
    value: kind.wordList('log', 'webhook', 'nats'),
    fallback: 'log',
  },
  EVENT_RETRY_HOURS: {
    doc: 'An event that a sink does not take for so long is set aside: holdfast events dead.',
    value: kind.whole(1, 720),
    fallback: '72',
  },
  EVENT_WEBHOOK_URL: {
    doc: 'Needed with webhook: where each event is posted. What DNS says is checked as well.',
    value: kind.webhookUrl,
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

type Read = Reader<typeof variables>;

/** The sinks of a relay, with what each of them needs. */
export function sinks(read: Read) {
  // Undefined when it is a mistake: nobody sees what comes of that.
  const names: ReturnType<typeof read.value<'EVENT_SINKS'>> | undefined = read.value('EVENT_SINKS');
  return {
    each: (names ?? []).map((name) => (name === 'log' ? { name } : sinkOutside[name](read))),
    retryMs: read.value('EVENT_RETRY_HOURS') * 3_600_000,
  };
}

const sinkOutside = {
  webhook(read: Read) {
    const url = read.value('EVENT_WEBHOOK_URL');
    if (read.value('EVENT_WEBHOOK_LOOPBACK') !== 'on' && url?.startsWith('http:')) {
      read.mistake('EVENT_WEBHOOK_URL', 'must be https, unless EVENT_WEBHOOK_LOOPBACK=on');
    }
    return { name: 'webhook' as const, url, secrets: read.value('EVENT_WEBHOOK_SECRETS') };
  },

  nats(read: Read) {
    const credentials = read.optional('NATS_CREDS');
    if (credentials && !existsSync(credentials)) read.mistake('NATS_CREDS', 'names no file');
    const servers = read.value('NATS_URL');
    return { name: 'nats' as const, servers, ...(credentials !== undefined && { credentials }) };
  },
};
