import { createHmac } from 'node:crypto';
import { isSignedBy, timeOf } from '../signed-webhook.js';
import { eventType, ourReference, type WebhookEvent, type WebhookReader } from '../webhook.js';
import {
  field,
  type Intent,
  type Movement,
  movementStanding,
  readIntent,
  readMovement,
  standingOf,
} from './objects.js';

export interface StripeWebhooksOptions {
  /** `whsec_...`, any of which may have signed: two while one is replaced by another. */
  readonly secrets: readonly string[];
  /** Whether our API key is one of live mode: events of the other mode prove nothing to us. */
  readonly live: boolean;
}

const secretsMax = 2;

/**
 * Reads Stripe's events: the `v1` of `stripe-signature`, over the bytes. Not older and not newer
 * than 300 s. Throws RangeError unless there are one or two secrets.
 *
 * By hand, since the SDK's own check makes text of the bytes first, by which a byte order mark is
 * lost and broken characters become one and the same, and bounds the past alone: an event dated to
 * next year could be replayed until then. The tests hold this to what the SDK signs.
 */
export function createStripeWebhooks({ secrets, live }: StripeWebhooksOptions): WebhookReader {
  if (secrets.length < 1 || secrets.length > secretsMax) {
    throw new RangeError(`there are 1 to ${secretsMax} secrets of events`);
  }
  if (!secrets.every((secret) => /^whsec_[\x21-\x7e]+$/.test(secret))) {
    throw new RangeError('a secret of events begins with whsec_');
  }
  // All of the text is the key, its beginning too.
  const keys = secrets.map((secret) => Buffer.from(secret));

  return {
    read(rawBody, headers, nowMs) {
      const header = headers['stripe-signature'];
      const parts = typeof header === 'string' ? header.split(',') : [];
      // Exactly one: the time that we bound is the time that is signed.
      const [at = '', ...others] = valuesOf(parts, 't=');
      if (at === '') return { kind: 'refused', code: 'signature-required' };
      const seconds = others.length === 0 ? timeOf(at, nowMs) : undefined;
      if (seconds === undefined) return { kind: 'refused', code: 'timestamp-invalid' };
      const isGenuine = isSignedBy(keys, valuesOf(parts, 'v1='), (key) =>
        createHmac('sha256', key).update(`${at}.`).update(rawBody).digest('hex'),
      );
      if (!isGenuine) return { kind: 'refused', code: 'signature-invalid' };
      return eventOf(rawBody, seconds * 1_000, live) ?? { kind: 'unreadable' };
    },
  };
}

function valuesOf(parts: readonly string[], name: string): readonly string[] {
  return parts.filter((part) => part.startsWith(name)).map((part) => part.slice(name.length));
}

function eventOf(rawBody: Uint8Array, sentAt: number, live: boolean): WebhookEvent | undefined {
  const json = jsonOf(rawBody);
  const [id, type, created] = [field(json, 'id'), field(json, 'type'), field(json, 'created')];
  if (typeof id !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(id)) return undefined;
  if (typeof type !== 'string' || !eventType.test(type)) return undefined;
  // Of a connected account too: it may write any reference into what is its own.
  const isOurs = field(json, 'livemode') === live && field(json, 'account') === undefined;
  return {
    ...{ kind: 'event', id, type },
    ...toldIn(field(field(json, 'data'), 'object')),
    ...(!isOurs && { unfit: 'other-environment' }),
    at: typeof created === 'number' && isSecond(created) ? created * 1_000 : sentAt,
  };
}

function jsonOf(rawBody: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(rawBody));
  } catch {
    return undefined;
  }
}

const isSecond = (value: number) => Number.isInteger(value) && value >= 0 && value < 1e11;

type Told = Pick<WebhookEvent, 'reference' | 'evidence'>;

function toldIn(object: unknown): Told {
  const intent = readIntent(object);
  const movement = readMovement(object);
  if (intent !== undefined) return toldBy(intent);
  if (movement !== undefined) return movedBy(movement);
  // Ours, though we cannot read it: with its reference a person can go and ask.
  return told(field(field(object, 'metadata'), 'reference'), () => undefined);
}

function toldBy(intent: Intent): Told {
  const { id: chargeId, manual, status, captureReference } = intent;
  if (manual && status === 'succeeded' && captureReference !== undefined) {
    const asked = { step: 'capture', amount: intent.received, chargeId } as const;
    return told(captureReference, (reference) => standingOf(intent, { ...asked, reference }));
  }
  const step = manual ? 'authorize' : 'charge';
  const asked = { step, amount: intent.authorized, chargeId } as const;
  return told(intent.reference, (reference) => standingOf(intent, { ...asked, reference }));
}

function movedBy(movement: Movement): Told {
  const { object: step, amount, intentId } = movement;
  const asked = { step, amount, ...(intentId !== undefined && { chargeId: intentId }) };
  return told(movement.reference, (reference) =>
    movementStanding(movement, { ...asked, reference }),
  );
}

function told(
  reference: unknown,
  standing: (reference: string) => ReturnType<typeof standingOf>,
): Told {
  if (typeof reference !== 'string' || !ourReference.test(reference)) return {};
  const answer = standing(reference);
  return answer === undefined || answer.kind === 'not-found'
    ? { reference }
    : { reference, evidence: answer };
}
