import { createHmac, timingSafeEqual } from 'node:crypto';
import type { WebhookHeaders, WebhookRefusal } from './webhook.js';

/** The headers of a genuine message. */
export interface GenuineWebhook {
  readonly kind: 'genuine';
  readonly id: string;
  /** When it was sent, in epoch milliseconds. */
  readonly sentAt: number;
}

const toleranceSeconds = 300;
const signaturesMax = 16;

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
  const seconds = /^\d{1,15}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  const isInTime = Math.abs(Math.floor(nowMs / 1_000) - seconds) <= toleranceSeconds;
  if (!isInTime) return { kind: 'refused', code: 'timestamp-invalid' };
  // A dot in the id would let the signed text be divided in another way.
  const isGenuine = isSignedBy(secrets, `${id}.${timestamp}.`, rawBody, signatures);
  if (!isGenuine || !/^[\x21-\x2d\x2f-\x7e]{1,255}$/.test(id)) {
    return { kind: 'refused', code: 'signature-invalid' };
  }
  return { kind: 'genuine', id, sentAt: seconds * 1_000 };
}

function isGiven(header: string | readonly string[] | undefined): header is string {
  return typeof header === 'string' && header !== '';
}

function isSignedBy(
  secrets: readonly Uint8Array[],
  head: string,
  rawBody: Uint8Array,
  given: string,
): boolean {
  const signatures = given.split(' ', signaturesMax).map((text) => Buffer.from(text));
  let isSigned = false;
  // All of them, also after one fits: how long it takes says nothing of which one did.
  for (const secret of secrets) {
    const hmac = createHmac('sha256', secret).update(head).update(rawBody).digest('base64');
    const wanted = Buffer.from(`v1,${hmac}`);
    for (const signature of signatures) {
      const fits = signature.length === wanted.length && timingSafeEqual(signature, wanted);
      isSigned = fits || isSigned;
    }
  }
  return isSigned;
}
