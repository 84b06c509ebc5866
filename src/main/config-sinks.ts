import { existsSync } from 'node:fs';
import type { variables } from './config-event-variables.js';
import type { Reader } from './config-reader.js';

type Read = Reader<typeof variables>;

/** The sinks of a relay, with what each of them needs; that of notices is read by `inside`. */
export function sinks<Inside>(read: Read, inside: () => Inside) {
  // Undefined when it is a mistake: nobody sees what comes of that.
  const names: ReturnType<typeof read.value<'EVENT_SINKS'>> | undefined = read.value('EVENT_SINKS');
  return {
    each: (names ?? []).map((name) => {
      if (name === 'log') return { name };
      if (name !== 'notices') return sinkOutside[name](read);
      return { name, ...inside() };
    }),
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
