import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import type { SandboxEvent } from './events.js';

/** Where events go, and how they are signed (Standard Webhooks). */
export interface WebhookSettings {
  readonly url: string;
  /** `whsec_` and base64. */
  readonly secret: string;
  /** Wait before the second try; it doubles, up to 30 s. 500 by default. */
  readonly retryMs?: number;
}

/** One event, written once: every try sends the same id and the same bytes. */
export interface Letter {
  readonly id: string;
  readonly type: string;
  readonly body: string;
}

/** Tries to hand letters over, until `closing` fires. Nothing here rejects. */
export interface Deliveries {
  /** False when it must be tried again. */
  first(letter: Letter): Promise<boolean>;
  /** The tries after the first. */
  further(letter: Letter): Promise<void>;
}

/** An event that was given up, and why. */
export interface LostEvent {
  readonly id: string;
  readonly type: string;
  readonly reason: string;
}

const attemptsMax = 8;
const retryMsMax = 30_000;
const timeoutMs = 5_000;

/** Hands letters to one URL. */
export function createDeliveries(
  { url, secret, retryMs = 500 }: WebhookSettings,
  closing: AbortSignal,
  onLost: (lost: LostEvent) => void,
): Deliveries {
  const signer = new Webhook(secret);

  async function attempt({ id, type, body }: Letter): Promise<boolean> {
    const moment = new Date();
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      // Of this try, by the clock on the wall: a receiver refuses what is old.
      'webhook-timestamp': `${Math.floor(moment.getTime() / 1_000)}`,
      'webhook-signature': signer.sign(id, moment, body),
    };
    const signal = AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]);
    const sent = fetch(url, { method: 'POST', headers, body, redirect: 'error', signal });
    const response = await sent.catch(() => undefined);
    // Unread, its connection would never be free for the next one.
    await response?.body?.cancel().catch(() => undefined);
    if (response === undefined || response.status >= 500 || response.status === 429) return false;
    if (!response.ok) onLost({ id, type, reason: `status-${response.status}` });
    return true;
  }

  return {
    first: attempt,

    async further(letter) {
      for (let tried = 1; tried < attemptsMax; tried += 1) {
        await pause(Math.min(retryMs * 2 ** (tried - 1), retryMsMax), closing);
        if (closing.aborted || (await attempt(letter))) return;
      }
      onLost({ id: letter.id, type: letter.type, reason: 'no-answer' });
    },
  };
}

/** The event in an envelope: `{ type, timestamp, data }`, with a new id. */
export function letterOf({ type, at, data }: SandboxEvent): Letter {
  const body = JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
  return { id: `evt_${randomBytes(12).toString('hex')}`, type, body };
}

/** Waits, at most until `closing` fires; keeps no process alive. */
export async function pause(ms: number, closing: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal: closing, ref: false }).catch(() => undefined);
}
