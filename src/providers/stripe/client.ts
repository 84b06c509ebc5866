import { Stripe } from 'stripe';
import {
  defaultLadderMs,
  ladderRungsMax,
  type NotFound,
  type OutsideAnswer,
  unreachable,
} from '../../domain/index.js';
import type { OutsideRequest, PaymentProvider, ProviderProfile } from '../provider.js';
import { stripeAmountOf } from './amounts.js';
import { createHttpClient } from './http-client.js';
import { listPage } from './pages.js';
import { movementStanding, readIntent, readMovement, standingOf } from './objects.js';
import { foundAfter, refusal, steppedAfter, unreadable } from './outcomes.js';
import { createRequests, type StripeRequests } from './requests.js';

export interface StripeProviderOptions {
  /** A secret (`sk_...`) or restricted (`rk_...`) key. */
  readonly apiKey: string;
  /** Where the API listens, without a path; Stripe itself by default. */
  readonly apiBase?: string;
  /** Bounds one call to its last byte, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** Waits between look-ups in doubt, in milliseconds; seconds to hours by default. */
  readonly ladderMs?: readonly number[];
  /**
   * What is charged: a payment method of Stripe, since card details never come to us. A test card
   * (`pm_card_visa`) by default, with test keys only.
   */
  readonly paymentMethod?: string;
  /** The customer of Stripe whom the payment method belongs to. */
  readonly customer?: string;
  readonly fetch?: typeof fetch;
}

const day = 24 * 3_600_000;
const testCard = 'pm_card_visa';
/** Stripe's own limit of an idempotency key. */
const referenceShape = /^[\x21-\x7e]{1,255}$/;

/**
 * Stripe as the outside world that moves money. A charge is a PaymentIntent, and its id is the
 * charge id; the reference is the idempotency key and stands in `metadata.reference`.
 *
 * What it cannot do, and what an operator should know:
 * - there are no fences: a step in doubt that nobody finds is sent again under its key while that
 *   is at most 24 hours old, and is given up by a person alone;
 * - an authorisation is captured once: several captures are a feature of some card networks that
 *   Stripe switches on per account, so `final: false` is refused before anything is sent;
 * - no more than was authorised is captured, and it lasts 7 days or as long as `expiresAt` says;
 * - a void has no reference of its own there: who asks for a second one is shown the first;
 * - what must be done by the cardholder (3-D Secure) is a decline: nobody is there to do it;
 * - Stripe stores the answer to a key, 402 and 500 too: only a new reference can go well after it;
 * - the parameters belong to the key: another `paymentMethod` or `customer` while steps are in
 *   doubt makes their next attempt `contradicted`;
 * - a charge whose answer was lost is found by search, which lags by about a minute, is not offered
 *   to accounts in India, and allows 20 questions a second;
 * - a refund or payout that went well can still fail days later; that comes as an event;
 * - a payout needs a destination, one of the account's own bank accounts and cards: nobody else can
 *   be paid. It is `pending` until the bank has it, up to 5 business days, which the ladder by
 *   default is too short for: its last rung then puts the payout in front of a person;
 * - BYTE and UGX are refused, and so are three-decimal amounts that are not whole tens.
 *
 * Throws RangeError for a key, a base URL or a ladder that is none, and for a live key without a
 * payment method.
 */
export function createStripeProvider(options: StripeProviderOptions): PaymentProvider {
  const profile = profileOf(options);
  const requests = createRequests(createSdk(options), {
    paymentMethod: options.paymentMethod ?? testCard,
    customer: options.customer,
  });
  // `??` and not `||`: a ladder may begin at once.
  const askAgainAfterMs = profile.ladderMs[0] ?? 1_000;

  return {
    profile,

    async perform(request) {
      const sent = stripeAmountOf(request.amount);
      if (!referenceShape.test(request.reference)) return refusal('reference-unsupported');
      if (typeof sent === 'string') return refusal(sent);
      if (actsOnCharge(request) && request.chargeId === undefined) return refusal('charge-missing');
      if (request.step === 'payout' && request.destination === undefined) {
        // Stripe would send it to a bank account of ours.
        return refusal('destination-missing');
      }
      if (request.step === 'capture' && request.final === false) {
        return refusal('multicapture-unsupported');
      }
      try {
        const value = answerOf(await send(requests, request, sent), request);
        if (value === undefined) return unreadable(askAgainAfterMs);
        // The very answer to the step does not show it: no reason to do it again.
        return value.kind === 'not-found' ? steppedAfter.unshown(request) : { kind: 'ok', value };
      } catch (error) {
        return steppedAfter.error(error, request, askAgainAfterMs);
      }
    },

    async find(request) {
      try {
        const found = await look(requests, request);
        if (found === undefined) return unreadable(askAgainAfterMs);
        const [json, ...others] = found;
        const { reference } = request;
        if (others.length > 0) {
          const detail = `${found.length} objects under one reference`;
          return { kind: 'ok', value: { kind: 'contradicted', reference, detail } };
        }
        if (json === undefined) return { kind: 'ok', value: { kind: 'not-found', reference } };
        const value = answerOf(json, request);
        return value === undefined ? unreadable(askAgainAfterMs) : { kind: 'ok', value };
      } catch (error) {
        return foundAfter(error, askAgainAfterMs);
      }
    },

    fence: () => Promise.resolve({ kind: 'unknown', reason: 'no-fences', askAgainAfterMs }),

    async since(cursor) {
      try {
        const page = await listPage(requests, cursor);
        return page === undefined ? unreadable(askAgainAfterMs) : { kind: 'ok', value: page };
      } catch (error) {
        return foundAfter(error, askAgainAfterMs);
      }
    },
  };
}

function profileOf(options: StripeProviderOptions): ProviderProfile {
  const { requestTimeoutMs, ladderMs = defaultLadderMs } = options;
  if (ladderMs.length < 1 || ladderMs.length > ladderRungsMax) {
    throw new RangeError(`a ladder has 1 to ${ladderRungsMax} rungs`);
  }
  return {
    name: 'stripe',
    // Keys may be pruned once they are 24 hours old.
    keyLifetimeMs: day,
    replaysErrors: true,
    finds: true,
    lists: true,
    // Of search: "under normal operating conditions, data is searchable in less than a minute".
    visibilityDelayMs: 60_000,
    fences: false,
    captures: ['automatic', 'manual'],
    overCapturePercent: 0,
    // The default of cards paid online; what a card network gives comes as `expiresAt`.
    holdMs: 7 * day,
    refundWindowMs: 180 * day,
    paysOut: true,
    // Paid or failed "within 5 business days".
    payoutMs: 7 * day,
    webhooks: 'stripe',
    requestTimeoutMs,
    ladderMs,
  };
}

function createSdk(options: StripeProviderOptions): Stripe {
  const { apiKey, apiBase = 'https://api.stripe.com', paymentMethod } = options;
  if (!/^(sk|rk)_[\x21-\x7e]+$/.test(apiKey)) throw new RangeError('stripe needs a secret API key');
  if (paymentMethod === undefined && !/^(sk|rk)_test_/.test(apiKey)) {
    throw new RangeError('a live key of stripe needs a payment method');
  }
  const base = URL.canParse(apiBase) ? new URL(apiBase) : undefined;
  const protocol = base?.protocol.slice(0, -1);
  if (base?.pathname !== '/' || (protocol !== 'http' && protocol !== 'https')) {
    throw new RangeError('the base URL of stripe has a scheme, a host and no path');
  }
  return new Stripe(apiKey, {
    // Pinned by the SDK's own type: another SDK does not compile before somebody has read on.
    apiVersion: '2026-10-28.endive',
    host: base.hostname,
    port: base.port || (protocol === 'http' ? 80 : 443),
    protocol,
    httpClient: createHttpClient(options.fetch ?? fetch),
    timeout: options.requestTimeoutMs,
    maxNetworkRetries: 0,
    telemetry: false,
  });
}

function actsOnCharge({ step }: OutsideRequest): boolean {
  return step === 'capture' || step === 'void' || step === 'refund';
}

function send(
  requests: StripeRequests,
  request: OutsideRequest,
  sent: Parameters<StripeRequests['charge']>[1],
): Promise<unknown> {
  switch (request.step) {
    case 'charge':
    case 'authorize':
      return requests.charge(request, sent);
    case 'capture':
      return requests.capture(request, sent);
    case 'void':
      return requests.void(request);
    case 'refund':
      return requests.refund(request, sent);
    case 'payout':
      return requests.payout(request, sent);
    default:
      return unreachable(request.step);
  }
}

/** The objects that may stand under the reference; undefined where we cannot know them all. */
function look(
  requests: StripeRequests,
  request: OutsideRequest,
): Promise<readonly unknown[] | undefined> {
  switch (request.step) {
    case 'charge':
    case 'authorize':
    case 'capture':
    case 'void':
      return request.chargeId === undefined
        ? requests.searchIntents(request)
        : requests.retrieveIntent(request.chargeId);
    case 'refund':
      return requests.listRefunds(request);
    case 'payout':
      return requests.listPayouts(request);
    default:
      return unreachable(request.step);
  }
}

function answerOf(json: unknown, request: OutsideRequest): OutsideAnswer | NotFound | undefined {
  if (request.step === 'refund' || request.step === 'payout') {
    const movement = readMovement(json);
    return movement && movementStanding(movement, request);
  }
  const intent = readIntent(json);
  return intent && standingOf(intent, request);
}
