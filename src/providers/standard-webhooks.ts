import { createHmac } from 'node:crypto';
import { isSignedBy, timeOf } from './signed-webhook.js';
import type { WebhookHeaders, WebhookRefusal } from './webhook.js';

/** The headers of a genuine message. */
export interface GenuineWebhook {
  readonly kind: 'genuine';
  readonly id: string;
  /** When it was sent, in epoch milliseconds. */
  readonly sentAt: number;
}

/**
 * Checks a message as Standard Webhooks 1.0 says (`v1`, HMAC-SHA256), with each of the secrets:
 * while one is replaced by another, both hold. Not older and not newer than 300 s.
 *
 * By hand, since the package `standardwebhooks` brings its own clock, reads `12.5` as 12, and
 * makes text of the bytes before it checks them; the tests hold this to what it signs.
 */
export function verifyStandardWebhook(
  secrets: readonly Uint8Array[],
  rawBody: Uint8Array,
  headers: WebhookHeaders,
  nowMs: number,
): GenuineWebhook | WebhookRefusal {
  const id = headers['webhook-id'];
  const timestamp = headers['webhook-timestamp'];
  const signatures = headers['webhook-signature'];
  if (!isGiven(id) || !isGiven(timestamp) || !isGiven(signatures)) {
    return { kind: 'refused', code: 'signature-required' };
  }
  const seconds = timeOf(timestamp, nowMs);
  if (seconds === undefined) return { kind: 'refused', code: 'timestamp-invalid' };
  const isGenuine = isSignedBy(secrets, signatures.split(' '), (secret) => {
    const hmac = createHmac('sha256', secret).update(`${id}.${timestamp}.`).update(rawBody);
    return `v1,${hmac.digest('base64')}`;
  });
  // A dot in the id would let the signed text be divided in another way.
  if (!isGenuine || !/^[\x21-\x2d\x2f-\x7e]{1,255}$/.test(id)) {
    return { kind: 'refused', code: 'signature-invalid' };
  }
  return { kind: 'genuine', id, sentAt: seconds * 1_000 };
}

function isGiven(header: string | readonly string[] | undefined): header is string {
  return typeof header === 'string' && header !== '';
}
