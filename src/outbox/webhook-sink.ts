import { Webhook } from 'standardwebhooks';
import { Agent, type Dispatcher, request } from 'undici';
import { checkedLookup, isWebhookTarget, type Lookup, mayReach } from '../network/index.js';
import type { Refusal, Sink } from './relay.js';

export interface WebhookSinkOptions {
  /** https to a public host, or http to this machine. */
  readonly url: string;
  /** Each signs every event, so that a receiver can go over from one to the other. */
  readonly secrets: readonly Uint8Array[];
  /** From the look-up of the host to the end of the answer; 5 s when left out. */
  readonly timeoutMs?: number;
  readonly lookup?: Lookup;
}

const answerBytesMax = 64 * 1_024;
const retryAfterMsMax = 3_600_000;

/**
 * Posts each event to one URL, signed as Standard Webhooks 1.0 says. What it refuses with never
 * names the URL, which may hold a secret.
 * @throws RangeError for a URL that webhooks may not go to.
 */
export function createWebhookSink(options: WebhookSinkOptions): Sink {
  const { url, secrets, timeoutMs = 5_000, lookup } = options;
  if (!isWebhookTarget(url)) throw new RangeError('webhooks may not go to this URL');
  const signers = secrets.map((secret) => new Webhook(secret, { format: 'raw' }));
  // An agent follows no redirect by itself.
  const target = new URL(url);
  const dispatcher = new Agent({
    connect: {
      lookup: checkedLookup((address) => mayReach(target, address), lookup),
      timeout: timeoutMs,
    },
  });

  return {
    async publish(event) {
      const body = JSON.stringify(event);
      // Parts of what is signed are divided by dots, so that receivers may refuse one in an id.
      const id = event.id.replace('.', '-');
      const moment = new Date();
      const headers = {
        'content-type': 'application/cloudevents+json; charset=utf-8',
        'webhook-id': id,
        'webhook-timestamp': `${Math.floor(moment.getTime() / 1_000)}`,
        'webhook-signature': signers.map((one) => one.sign(id, moment, body)).join(' '),
      };
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await request(url, { method: 'POST', headers, body, dispatcher, signal });
        // Nobody wants it, but unread it would keep its connection.
        await answer.body.dump({ limit: answerBytesMax, signal }).catch(() => undefined);
        return refusalOf(answer);
      } catch (error) {
        return { reason: `the receiver did not answer: ${codeOf(error)}`, forGood: false };
      }
    },
    close: () => dispatcher.destroy(),
  };
}

function refusalOf(answer: Dispatcher.ResponseData): Refusal | undefined {
  const { statusCode } = answer;
  if (statusCode >= 200 && statusCode < 300) return undefined;
  const reason = `the receiver answered ${statusCode}`;
  if (statusCode === 410) return { reason: `${reason}: it wants no more`, forGood: true };
  const asked = statusCode === 429 || statusCode === 503;
  return {
    ...{ reason, forGood: false },
    ...(asked && { retryAfterMs: waitOf(answer.headers['retry-after']) }),
  };
}

/** Retry-After, in seconds or as a moment (RFC 9110, 10.2.3); an hour at most. */
function waitOf(header: string | string[] | undefined): number {
  const text = String(header ?? '');
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Math.round(Math.min(Math.max(ms || 0, 0), retryAfterMsMax));
}

function codeOf(error: unknown): string {
  const { name = 'Error', code } = error as { readonly name?: string; readonly code?: unknown };
  return typeof code === 'string' ? code : name;
}
