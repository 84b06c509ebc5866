import { Webhook } from 'standardwebhooks';
import { Agent, fetch as fetchOnce } from 'undici';
import type { Fail, Retry, Unknown } from '../../domain/index.js';
import { checkedLookup, isWebhookTarget, type Lookup, mayReach } from '../../network/index.js';
import { type Answered, call, type Lost, type NeverSent } from '../call.js';
import type { ChannelProfile, ChannelProvider, Delivery, Sent } from '../channel.js';
import { addressRefused, noticeRefused, notSent, unanswered } from '../channel-answers.js';
import { traced } from '../trace-header.js';

export interface NoticeWebhookOptions {
  /** Each signs every notice, so that a receiver can go over from one to the other. */
  readonly secrets: readonly Uint8Array[];
  /** Lets a notice go over http to this machine, and nowhere else. */
  readonly loopback: boolean;
  readonly timeoutMs: number;
  readonly lookup?: Lookup;
}

/** The channel `webhook`: a receiver that follows the standard takes one `webhook-id` once. */
export function createNoticeWebhookChannel(options: NoticeWebhookOptions): ChannelProvider {
  const { secrets, loopback, timeoutMs, lookup } = options;
  const signers = secrets.map((secret) => new Webhook(secret, { format: 'raw' }));
  const fetches = {
    'https:': fetchTo('https:', timeoutMs, lookup),
    'http:': fetchTo('http:', timeoutMs, lookup),
  };
  const profile: ChannelProfile = {
    ...{ channel: 'webhook', timeoutMs },
    ...{ lookUp: false, visibilityDelayMs: 0, collapses: true },
  };

  return {
    profile,
    async send(delivery) {
      const url = isWebhookTarget(delivery.to) ? new URL(delivery.to) : undefined;
      const isHere = url?.protocol === 'http:';
      if (url === undefined || (isHere && !loopback)) return addressRefused('address-not-allowed');
      const body = bodyOf(delivery);
      // Parts of what is signed are divided by dots, so that receivers may refuse one in an id.
      const id = delivery.deliveryId.replaceAll('.', '-');
      const moment = new Date();
      return outcomeOf(
        await call({
          ...{ url, method: 'POST', body, timeoutMs, fetch: fetches[isHere ? 'http:' : 'https:'] },
          headers: {
            ...traced(delivery.trace),
            'content-type': 'application/json',
            'webhook-id': id,
            'webhook-timestamp': `${Math.floor(moment.getTime() / 1_000)}`,
            'webhook-signature': signers.map((one) => one.sign(id, moment, body)).join(' '),
          },
        }),
      );
    },
  };
}

/** No time in it: a repetition is byte for byte what came first. */
function bodyOf({ deliveryId, subject, text, data }: Delivery): string {
  return JSON.stringify({ type: 'notice', data: { deliveryId, subject, text, data } });
}

/** Over connections to where `protocol` may lead, and nowhere else. */
function fetchTo(protocol: string, timeoutMs: number, lookup?: Lookup): typeof fetch {
  const mayHave = (address: string) => mayReach({ protocol }, address);
  const dispatcher = new Agent({
    connect: { lookup: checkedLookup(mayHave, lookup), timeout: timeoutMs },
  });
  const checked = (input: URL, init?: object) => fetchOnce(input, { ...init, dispatcher });
  return checked as unknown as typeof fetch;
}

function outcomeOf(answer: Answered | NeverSent | Lost): Sent | Retry | Fail | Unknown {
  if (answer.kind === 'never-sent' && answer.reason === 'address-not-allowed') {
    return addressRefused(answer.reason);
  }
  if (answer.kind !== 'answered') return unanswered(answer);
  const { status, retryAfterMs } = answer;
  if (status < 300) return { kind: 'sent' };
  const cause = `status-${status}`;
  // Standard Webhooks: whoever answers 410 wants no more.
  if (status === 410) return addressRefused(cause);
  if (status === 408 || status === 425) return notSent(cause, retryAfterMs);
  return status < 500 && status !== 429 ? noticeRefused(cause) : unanswered(answer);
}
