import type { Breaker } from './breaker.js';
import type { ChannelProvider } from './channel.js';
import type { PaymentProvider } from './provider.js';
import { barredBy, watchedBy } from './watched.js';

/**
 * A provider behind its breaker. While that is open, `perform` makes no call and answers `retry`
 * with `breaker-open`: certainly nothing happened. Questions and fences always go out, since they
 * end doubts and come one per rung of a ladder; how they went is told all the same.
 */
export function guarded(
  provider: PaymentProvider,
  breaker: Breaker,
  now?: () => number,
): PaymentProvider {
  const watched = watchedBy(breaker, now);

  return {
    profile: provider.profile,
    async perform(request) {
      const barred = await barredBy(breaker, request.reference);
      return barred ?? watched(() => provider.perform(request));
    },
    find: (request) => watched(() => provider.find(request)),
    // One without fences answers by itself, which says nothing of the provider.
    fence: (request) =>
      provider.profile.fences ? watched(() => provider.fence(request)) : provider.fence(request),
    // Not watched: a long list that is slow says nothing of how payments do.
    since: (cursor) => provider.since(cursor),
  };
}

/**
 * A channel behind its breaker. While that is open, `send` makes no call and answers `retry` with
 * `breaker-open`. Look-ups always go out, since they end doubts.
 */
export function guardedChannel(channel: ChannelProvider, breaker: Breaker): ChannelProvider {
  const watched = watchedBy(breaker);
  const { find } = channel;
  return {
    profile: channel.profile,
    async send(delivery) {
      const barred = await barredBy(breaker, delivery.deliveryId);
      return barred ?? watched(() => channel.send(delivery));
    },
    ...(find && { find: (...asked) => watched(() => find(...asked)) }),
  };
}
