import type { Stripe } from 'stripe';
import type { OutsideRequest } from '../provider.js';
import type { StripeAmount } from './amounts.js';
import { captureReferenceKey, field } from './objects.js';

/** Each is one HTTP request. What comes back is not trusted yet. */
export interface StripeRequests {
  charge(request: OutsideRequest, sent: StripeAmount): Promise<unknown>;
  capture(request: OutsideRequest, sent: StripeAmount): Promise<unknown>;
  void(request: OutsideRequest): Promise<unknown>;
  refund(request: OutsideRequest, sent: StripeAmount): Promise<unknown>;
  payout(request: OutsideRequest, sent: StripeAmount): Promise<unknown>;
  retrieveIntent(id: string): Promise<readonly unknown[]>;
  /** Those with the request's reference; undefined where there may be more than we were shown. */
  searchIntents(request: OutsideRequest): Promise<readonly unknown[] | undefined>;
  /** A page of those that were created since then, in seconds, newest first. */
  listIntents(since: number, after: string | undefined): Promise<unknown>;
  listRefunds(request: OutsideRequest): Promise<readonly unknown[] | undefined>;
  listPayouts(request: OutsideRequest): Promise<readonly unknown[] | undefined>;
}

/** Of a list: the most that Stripe gives in one answer. */
const pageMax = 100;
/** Older payouts are not looked through: no ladder of doubt is that long. */
const payoutAgeMsMax = 30 * 24 * 3_600_000;

/**
 * The requests of the adapter. Neither the trace nor the time goes into them: Stripe compares the
 * parameters of a repeated key, and a repetition must be equal.
 */
export function createRequests(
  sdk: Stripe,
  payer: { readonly paymentMethod: string; readonly customer: string | undefined },
): StripeRequests {
  return {
    ...createQuestions(sdk),
    charge(request, sent) {
      const { paymentMethod, customer } = payer;
      const params: Stripe.PaymentIntentCreateParams = {
        ...sent,
        capture_method: request.step === 'authorize' ? 'manual' : 'automatic',
        payment_method: paymentMethod,
        ...(customer !== undefined && { customer }),
        confirm: true,
        // Nobody is there to be sent to a bank's page; without this the intent would wait for it.
        error_on_requires_action: true,
        automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
        metadata: metadataOf(request),
        // For `capture_before`, the moment at which the card network lets the money go.
        expand: ['latest_charge'],
      };
      return sdk.paymentIntents.create(params, keyOf(request));
    },
    capture(request, { amount }) {
      // It is merged into the metadata of the intent, where `reference` is the authorisation's.
      const metadata = { ...request.metadata, [captureReferenceKey]: request.reference };
      const params = { amount_to_capture: amount, metadata };
      return sdk.paymentIntents.capture(chargeOf(request), params, keyOf(request));
    },
    void: (request) => sdk.paymentIntents.cancel(chargeOf(request), {}, keyOf(request)),
    refund(request, { amount }) {
      const metadata = metadataOf(request);
      const params = { payment_intent: chargeOf(request), amount, metadata };
      return sdk.refunds.create(params, keyOf(request));
    },
    payout(request, sent) {
      const { destination } = request;
      const params = {
        ...sent,
        ...(destination !== undefined && { destination }),
        metadata: metadataOf(request),
      };
      return sdk.payouts.create(params, keyOf(request));
    },
  };
}

type Question = 'retrieveIntent' | 'searchIntents' | 'listIntents' | 'listRefunds' | 'listPayouts';

function createQuestions(sdk: Stripe): Pick<StripeRequests, Question> {
  return {
    retrieveIntent: async (id) => [
      await sdk.paymentIntents.retrieve(id, { expand: ['latest_charge'] }),
    ],
    // The list of intents is current at once, but cannot be asked for one reference: with many
    // payments a second it would be read through for minutes. Search can, and lags; the profile
    // says by how much. Its texts are compared without regard to case, hence the filter.
    async searchIntents({ reference }) {
      const query = `metadata["reference"]:"${reference.replace(/["\\]/g, '\\$&')}"`;
      const expand = ['data.latest_charge'];
      return ours(await sdk.paymentIntents.search({ query, limit: 10, expand }), reference);
    },
    listIntents: (since, after) =>
      sdk.paymentIntents.list({
        limit: pageMax,
        created: { gte: since },
        ...(after !== undefined && { starting_after: after }),
        expand: ['data.latest_charge'],
      }),
    // The refunds of one charge are few, and their list is current at once.
    async listRefunds(request) {
      const { reference } = request;
      const params = { payment_intent: chargeOf(request), limit: pageMax };
      return ours(await sdk.refunds.list(params), reference);
    },
    // Payouts have neither a search nor a filter by metadata.
    async listPayouts({ reference, destination }) {
      const gte = Math.floor((Date.now() - payoutAgeMsMax) / 1_000);
      const params = {
        limit: pageMax,
        created: { gte },
        ...(destination !== undefined && { destination }),
      };
      return ours(await sdk.payouts.list(params), reference);
    },
  };
}

function ours(list: unknown, reference: string): readonly unknown[] | undefined {
  const data = field(list, 'data');
  if (!Array.isArray(data)) return undefined;
  const named = data.filter((each) => field(field(each, 'metadata'), 'reference') === reference);
  return named.length === 0 && field(list, 'has_more') !== false ? undefined : named;
}

/** Our reference goes last: nothing that a caller gives takes its place. */
function metadataOf({ metadata, reference }: OutsideRequest): Record<string, string> {
  return { ...metadata, reference };
}

function keyOf({ reference }: OutsideRequest): Stripe.RequestOptions {
  return { idempotencyKey: reference };
}

function chargeOf({ step, chargeId }: OutsideRequest): string {
  if (chargeId === undefined) throw new RangeError(`a ${step} needs a charge`);
  return chargeId;
}
