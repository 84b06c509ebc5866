import type { NoticeDeps } from '../activities/index.js';
import { createKeyRing } from '../client/index.js';
import type { Database } from '../database/index.js';
import { createLetters } from '../ledger/index.js';
import { composeChannels } from './compose-channels.js';
import type { WorkerConfig } from './config.js';

/** What a worker needs to send notices: every channel, and the keys of what is sealed. */
export function composeNotices(
  {
    channels,
    payloadKeys,
    noticeLimitPerHour,
  }: Pick<WorkerConfig, 'channels' | 'payloadKeys' | 'noticeLimitPerHour'>,
  deps: Parameters<typeof composeChannels>[1] & { readonly database: Database },
): NoticeDeps {
  const { open } = createKeyRing(payloadKeys.open.map(({ id, key }) => ({ id, bytes: key })));
  return {
    open,
    channels: composeChannels(channels, deps),
    letters: createLetters(deps.database),
    limitPerHour: noticeLimitPerHour,
  };
}
