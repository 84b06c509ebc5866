import { createHash } from 'node:crypto';
import type { Fail, Retry, Unknown } from '../../domain/index.js';
import { type Answered, call } from '../call.js';
import type { ChannelProfile, ChannelProvider, Sent } from '../channel.js';
import { addressRefused, inDoubt, noticeRefused, unanswered } from '../channel-answers.js';
import { traced } from '../trace-header.js';
import { codeOf, isAboutAddress } from './errors.js';
import { type ListedMessage, readMessagePage } from './message-page.js';

export interface TwilioChannelOptions {
  readonly accountSid: string;
  readonly authToken: string;
  /** A number, a short code or a name that we may send as, or a messaging service (`MG...`). */
  readonly from: string;
  /** Where Twilio's API is; Twilio's own when left out. */
  readonly endpoint?: string | undefined;
  /** Where Twilio tells what became of a message, without a query; left out, it tells nobody. */
  readonly callbackUrl?: string | undefined;
  readonly timeoutMs: number;
  readonly fetch?: typeof fetch;
}

const twilioEndpoint = 'https://api.twilio.com';
const pageSize = 100;
const pageBytesMax = 1024 * 1024;
const pagesMax = 5;
/** How far the clocks may differ, and how far a list may lag: Twilio promises nothing. */
const lagMs = 60_000;

/**
 * The channel `sms`. Twilio honours no idempotency key, and what its list gives back of a message
 * has nothing of ours but the text: so each text ends with a mark that stands for the delivery, and
 * that is looked for. Source: twilio.com/docs/messaging/api/message-resource.
 */
export function createTwilioChannel(options: TwilioChannelOptions): ChannelProvider {
  const { accountSid, authToken, from, callbackUrl, timeoutMs } = options;
  const base = options.endpoint ?? twilioEndpoint;
  const messagesUrl = () => new URL(`${base}/2010-04-01/Accounts/${accountSid}/Messages.json`);
  const basic = Buffer.from(`${accountSid}:${authToken}`).toString('base64');
  const authorization = { authorization: `Basic ${basic}` };
  const common = { timeoutMs, fetch: options.fetch ?? fetch };
  const profile: ChannelProfile = {
    ...{ channel: 'sms', timeoutMs },
    ...{ lookUp: true, visibilityDelayMs: lagMs, collapses: false },
  };

  async function pageAt(url: URL, leftMs: number): Promise<ReturnType<typeof readMessagePage>> {
    const asked = {
      url,
      method: 'GET',
      headers: authorization,
      bodyBytesMax: pageBytesMax,
    } as const;
    const answer = await call({ ...common, ...asked, timeoutMs: leftMs });
    const isPage = answer.kind === 'answered' && answer.status === 200;
    return isPage ? readMessagePage(answer.json, url) : undefined;
  }

  return {
    profile,

    async send({ deliveryId, to, text, trace }) {
      const form = new URLSearchParams({
        To: to,
        [from.startsWith('MG') ? 'MessagingServiceSid' : 'From']: from,
        Body: `${text}${markOf(deliveryId)}`,
        ...(callbackUrl !== undefined && { StatusCallback: callbackOf(callbackUrl, deliveryId) }),
      });
      const answer = await call({
        ...common,
        url: messagesUrl(),
        method: 'POST',
        headers: {
          ...{ ...authorization, ...traced(trace) },
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: String(form),
      });
      return answer.kind === 'answered' ? outcomeOf(answer) : unanswered(answer);
    },

    async find(deliveryId, to, since) {
      const mark = markOf(deliveryId);
      const until = Date.now() + timeoutMs;
      let url: URL | undefined = messagesUrl();
      url.searchParams.set('To', to);
      url.searchParams.set('PageSize', `${pageSize}`);
      // Not by DateSent, which a message that still waits has not got.
      for (let page = 1; page <= pagesMax && url !== undefined; page += 1) {
        const found = await pageAt(url, Math.max(until - Date.now(), 1));
        if (found === undefined) return inDoubt('no-list');
        const ours = found.messages.find(({ body }) => body.includes(mark));
        if (ours !== undefined) return standingOf(ours);
        // The newest are first.
        const isPast = found.messages.some(({ createdAt }) => createdAt < since - lagMs);
        url = isPast ? undefined : found.next;
        if (url === undefined) return { kind: 'not-found', reference: deliveryId };
      }
      return inDoubt('list-too-long');
    },
  };
}

/** ` #` and 8 of the base32 alphabet, which survive every alphabet of SMS. */
function markOf(deliveryId: string): string {
  const bytes = createHash('sha256').update(deliveryId).digest();
  const letters = [...bytes.subarray(0, 8)].map(
    (byte) => 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'[byte % 32],
  );
  return ` #${letters.join('')}`;
}

function callbackOf(callbackUrl: string, deliveryId: string): string {
  return `${callbackUrl}?delivery=${encodeURIComponent(deliveryId)}`;
}

function outcomeOf(answer: Answered): Sent | Retry | Fail | Unknown {
  const { status, json } = answer;
  const { sid, code: given } = (json ?? {}) as { readonly sid?: unknown; readonly code?: unknown };
  if (status < 300 && typeof sid === 'string' && /^(SM|MM)[0-9a-f]{32}$/.test(sid)) {
    return { kind: 'sent', providerId: sid };
  }
  const code = codeOf(given);
  const isRefused = status >= 400 && status < 500 && status !== 429 && code !== undefined;
  return isRefused ? refusal(code) : unanswered(answer);
}

function standingOf({ sid, status, errorCode }: ListedMessage): Sent | Fail {
  const isRefused = ['failed', 'undelivered', 'canceled'].includes(status);
  return isRefused ? refusal(errorCode) : { kind: 'sent', providerId: sid };
}

function refusal(code: number | undefined): Fail {
  const cause = code === undefined ? 'undelivered' : `twilio-${code}`;
  return isAboutAddress(code) ? addressRefused(cause) : noticeRefused(cause);
}
