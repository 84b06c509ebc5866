import { breakerProfiles, type Channel, type GuardedProvider } from '../domain/index.js';
import type { ChannelProvider } from '../providers/channel.js';
import { notConfigured } from '../providers/channel-answers.js';
import { createEmailChannel } from '../providers/email/index.js';
import { createFcmChannel } from '../providers/fcm/index.js';
import { guardedChannel } from '../providers/guarded.js';
import { createNoticeWebhookChannel } from '../providers/notice-webhook/index.js';
import { createTwilioChannel } from '../providers/twilio/index.js';
import { tracedFetch, type Tracing } from '../telemetry/index.js';
import { type BreakerDeps, composeBreaker } from './compose-breaker.js';
import type { WorkerConfig } from './config.js';

/**
 * Every channel, each behind a breaker that it has in common with all workers; one that nobody set
 * up refuses. Webhooks have no breaker: each goes to another receiver, and one that is gone must
 * not hold up the others.
 */
export function composeChannels(
  { push, sms, email, webhook, timeoutMs }: WorkerConfig['channels'],
  deps: BreakerDeps & { readonly tracing: Tracing },
): Readonly<Record<Channel, ChannelProvider>> {
  const guard = (provider: GuardedProvider, channel: ChannelProvider) =>
    guardedChannel(channel, composeBreaker(provider, breakerProfiles.bestEffort, deps));
  const to = (name: string) => ({ timeoutMs, fetch: tracedFetch(deps.tracing, name, fetch) });
  return {
    push: push ? guard('fcm', createFcmChannel({ ...push, ...to('fcm') })) : notConfigured('push'),
    sms: sms
      ? guard('twilio', createTwilioChannel({ ...sms, ...to('twilio') }))
      : notConfigured('sms'),
    email: email
      ? guard('smtp', createEmailChannel({ ...email, timeoutMs }))
      : notConfigured('email'),
    webhook: webhook
      ? createNoticeWebhookChannel({ ...webhook, timeoutMs })
      : notConfigured('webhook'),
  };
}
