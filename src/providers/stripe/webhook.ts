import { Stripe } from 'stripe';
import type { OutsideAnswer } from '../../domain/index.js';
import {
  field,
  type Intent,
  type Movement,
  movementStanding,
  readIntent,
  readMovement,
  standingOf,
} from './objects.js';

/** A signed event. Events come more than once and in any order: `id` is what to remember. */
export interface StripeEvent {
  readonly kind: 'event';
  readonly id: string;
  readonly type: string;
  /** The reference of the step it tells of; of an event about none of ours, undefined. */
  readonly reference: string | undefined;
  /** What the object of the event showed when it was sent, for that reference. */
  readonly evidence?: OutsideAnswer;
  /** False for events of test mode, which prove nothing about money. */
  readonly livemode: boolean;
}

/** Not to be believed. `reason` is for our own log, not for the sender. */
export interface StripeEventRefused {
  readonly kind: 'refused';
  readonly reason: 'no-signature' | 'bad-signature' | 'outside-tolerance' | 'unreadable';
}

export interface StripeWebhooks {
  /** Checks the raw body, byte for byte as it came, against the `stripe-signature` header. */
  read(body: Uint8Array, signature: string | undefined): StripeEvent | StripeEventRefused;
}

const toleranceSeconds = 300;
const secretsMax = 2;

/**
 * Reads Stripe's events. While a secret is being rotated there are two, and either will do. The
 * clock of the sender may differ from ours by 300 s, both ways: Stripe's own check bounds the past
 * alone, and an event dated to next year could be replayed until then. Throws RangeError unless
 * there are one or two secrets, `whsec_...`.
 */
export function createStripeWebhooks(options: {
  readonly secrets: readonly string[];
  /** Our clock, in epoch milliseconds. */
  readonly now?: () => number;
}): StripeWebhooks {
  const { secrets, now = Date.now } = options;
  if (secrets.length < 1 || secrets.length > secretsMax) {
    throw new RangeError(`there are 1 to ${secretsMax} secrets of events`);
  }
  if (!secrets.every((secret) => /^whsec_[\x21-\x7e]+$/.test(secret))) {
    throw new RangeError('a secret of events begins with whsec_');
  }

  return {
    read(body, signature) {
      if (signature === undefined || signature === '') return refused('no-signature');
      // Exactly one, in digits only: the time that we bound is the time that is signed.
      const [at, ...others] = [...signature.matchAll(/(?:^|,)t=([^,]*)/g)];
      if (!/^\d{1,12}$/.test(at?.[1] ?? '') || others.length > 0) return refused('bad-signature');
      const text = secrets.map((secret) => signed(body, signature, secret)).find(Boolean);
      if (text === undefined) return refused('bad-signature');
      const skewSeconds = Math.abs(Math.floor(now() / 1_000) - Number(at?.[1]));
      if (skewSeconds > toleranceSeconds) return refused('outside-tolerance');
      return eventOf(text);
    },
  };
}

function refused(reason: StripeEventRefused['reason']): StripeEventRefused {
  return { kind: 'refused', reason };
}

/** The event, if it was signed with this secret; its time is checked by the caller. */
function signed(body: Uint8Array, signature: string, secret: string): object | undefined {
  const withoutTime = 0;
  try {
    return Stripe.webhooks.constructEvent(Buffer.from(body), signature, secret, withoutTime);
  } catch {
    // Not swallowed: the caller refuses what no secret fits.
    return undefined;
  }
}

function eventOf(json: object): StripeEvent | StripeEventRefused {
  const id = field(json, 'id');
  const type = field(json, 'type');
  const livemode = field(json, 'livemode');
  if (typeof id !== 'string' || typeof type !== 'string' || typeof livemode !== 'boolean') {
    return refused('unreadable');
  }
  const object = field(field(json, 'data'), 'object');
  const intent = readIntent(object);
  const movement = readMovement(object);
  const tale = (intent && toldBy(intent)) ?? (movement && movedBy(movement));
  // Ours, though we cannot read it: the reference is enough to go and ask.
  const named = field(field(object, 'metadata'), 'reference');
  const reference = typeof named === 'string' && named !== '' ? named : undefined;
  return { kind: 'event', id, type, livemode, reference, ...tale };
}

type Told = Pick<StripeEvent, 'reference' | 'evidence'>;

function toldBy(intent: Intent): Told {
  const captured = intent.manual && intent.status === 'succeeded';
  const reference = captured ? intent.captureReference : intent.reference;
  if (reference === undefined) return { reference };
  const step = captured ? 'capture' : intent.manual ? 'authorize' : 'charge';
  const amount = captured ? intent.received : intent.authorized;
  return told(reference, standingOf(intent, { step, reference, amount, chargeId: intent.id }));
}

function movedBy(movement: Movement): Told {
  const { object: step, reference, amount, intentId } = movement;
  if (reference === undefined) return { reference };
  const charge = intentId !== undefined && { chargeId: intentId };
  return told(reference, movementStanding(movement, { step, reference, amount, ...charge }));
}

function told(reference: string, answer: ReturnType<typeof standingOf>): Told {
  return answer === undefined || answer.kind === 'not-found'
    ? { reference }
    : { reference, evidence: answer };
}
