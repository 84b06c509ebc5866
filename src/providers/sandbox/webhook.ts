import { z } from 'zod';
import {
  type Captured,
  type Contradicted,
  type Currency,
  isCurrency,
  type OutsideAnswer,
} from '../../domain/index.js';
import { verifyStandardWebhook } from '../standard-webhooks.js';
import { eventType, ourReference, type WebhookReader } from '../webhook.js';

export interface SandboxWebhooksOptions {
  /** Any of them may have signed: one, or two while the first is replaced by the second. */
  readonly secrets: readonly Uint8Array[];
}

/** Reads the sandbox's webhooks. Throws RangeError for no secret, and for one that is empty. */
export function createSandboxWebhooks({ secrets }: SandboxWebhooksOptions): WebhookReader {
  if (secrets.length === 0 || secrets.some(({ length }) => length === 0)) {
    throw new RangeError('webhooks need a secret that is not empty');
  }
  return {
    read(rawBody, headers, nowMs) {
      const checked = verifyStandardWebhook(secrets, rawBody, headers, nowMs);
      if (checked.kind === 'refused') return checked;
      const parsed = messageOf(rawBody);
      if (parsed === undefined) return { kind: 'unreadable' };
      const { type, timestamp, data } = parsed;
      const reference = data.reference;
      const evidence = reference === undefined ? undefined : evidenceOf(type, reference, data);
      return {
        kind: 'event',
        id: checked.id,
        type,
        ...(reference !== undefined && { reference }),
        ...(evidence !== undefined && { evidence }),
        at: timestamp ?? checked.sentAt,
      };
    },
  };
}

const id = z.string().regex(/^[\x21-\x7e]{1,255}$/);
const minor = z.int().min(1);
// Epoch milliseconds, or RFC 3339.
const moment = z.union([
  z.int().min(0),
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
]);
// What is not as it must be is as if it were not there: what that means, the type of event says.
const orNothing = <Of extends z.ZodType>(schema: Of) => schema.optional().catch(undefined);

const message = z.object({
  type: z.string().regex(eventType),
  timestamp: orNothing(moment),
  data: z.object({
    id: orNothing(id),
    reference: orNothing(z.string().regex(ourReference)),
    chargeId: orNothing(id),
    amount: orNothing(minor),
    capturedAmount: z.unknown().optional(),
    currency: orNothing(z.custom<Currency>(isCurrency)),
    declineCode: orNothing(z.string().regex(/^[\w.-]{1,64}$/)),
    expiresAt: orNothing(moment),
  }),
});

type Data = z.output<typeof message>['data'];

function messageOf(rawBody: Uint8Array): z.output<typeof message> | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(rawBody);
    return message.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** What the event proves of the step under the reference; undefined for a type we do not know. */
function evidenceOf(type: string, reference: string, data: Data): OutsideAnswer | undefined {
  const { id: ownId, amount, currency, declineCode = 'declined', expiresAt } = data;
  const chargeId = data.chargeId ?? ownId;
  switch (type) {
    case 'charge.declined':
    case 'payout.failed': {
      const charge = type === 'charge.declined' && chargeId !== undefined ? { chargeId } : {};
      return { kind: 'declined', reference, ...charge, declineCode };
    }
    case 'charge.voided':
    case 'charge.expired':
      return chargeId === undefined
        ? contradicted(reference, 'an event without an id')
        : { kind: 'voided', reference, chargeId };
    case 'charge.captured':
    case 'charge.authorized':
    case 'charge.refunded':
    case 'payout.paid': {
      if (ownId === undefined || chargeId === undefined) {
        return contradicted(reference, 'an event without an id');
      }
      if (amount === undefined || currency === undefined) {
        return contradicted(reference, 'an event without an amount of money');
      }
      const sum = { minor: amount, currency };
      if (type === 'payout.paid') return { kind: 'paid-out', reference, payoutId: ownId, ...sum };
      const charge = { reference, chargeId, ...sum };
      if (type === 'charge.refunded') return { kind: 'refunded', ...charge };
      if (type === 'charge.captured') return captured(charge, data);
      return { kind: 'authorized', ...charge, ...(expiresAt !== undefined && { expiresAt }) };
    }
    default:
      return undefined;
  }
}

function captured(charge: Omit<Captured, 'kind'>, data: Data): OutsideAnswer {
  // The amount is that of the step: all of a charge that captures at once, else of one capture.
  const isWhole = /:charge\.\d+:\d+$/.test(charge.reference);
  const { capturedAmount = charge.minor } = data;
  return isWhole && capturedAmount !== charge.minor
    ? contradicted(charge.reference, 'another captured amount')
    : { kind: 'captured', ...charge };
}

function contradicted(reference: string, detail: string): Contradicted {
  return { kind: 'contradicted', reference, detail };
}
