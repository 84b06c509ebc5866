import type { Channel, Fail, Retry, Unknown } from '../domain/index.js';
import type { Answered, Lost, NeverSent } from './call.js';
import type { ChannelProvider } from './channel.js';

const retryAfterMsDefault = 5_000;
/** Soon: a notice that comes late is worth less than a question too many. */
const askAgainAfterMs = 5_000;

/** Certainly nothing was sent. */
export function notSent(reason: string, nextRetryAfterMs = retryAfterMsDefault): Retry {
  return { kind: 'retry', reason, attempt: 1, nextRetryAfterMs };
}

/** It may have been sent. */
export function inDoubt(reason: string, askAgainMs = askAgainAfterMs): Unknown {
  return { kind: 'unknown', reason, askAgainAfterMs: askAgainMs };
}

/** Nothing can ever be sent to this address. */
export function addressRefused(cause: string): Fail {
  const message = 'nothing can be sent to the address';
  return { kind: 'fail', code: 'address-refused', message, cause };
}

/** Not this notice, or not by us. */
export function noticeRefused(cause: string): Fail {
  return { kind: 'fail', code: 'notice-refused', message: 'the notice was refused', cause };
}

/** What an HTTP call means that neither took the notice nor refused it in so many words. */
export function unanswered(answer: Answered | NeverSent | Lost): Retry | Unknown {
  if (answer.kind === 'never-sent') return notSent(answer.reason);
  if (answer.kind === 'lost') return inDoubt(answer.reason);
  const { status, retryAfterMs } = answer;
  if (status === 429) return notSent('rate-limited', retryAfterMs);
  const reason = status < 300 ? 'unreadable-answer' : `status-${status}`;
  return inDoubt(reason, retryAfterMs);
}

/** Stands where a channel would be that nobody has set up. */
export function notConfigured(channel: Channel): ChannelProvider {
  return {
    profile: { channel, lookUp: false, visibilityDelayMs: 0, collapses: false, timeoutMs: 0 },
    send: async () => ({
      ...{ kind: 'fail', code: 'channel-not-configured' },
      message: `nobody has set up ${channel}`,
    }),
  };
}
