import type {
  Fenced,
  Money,
  NotFound,
  Ok,
  Outcome,
  OutsideAnswer,
  OutsideStep,
  Retry,
  Unknown,
} from '../domain/index.js';

/** What a provider can do. Plain data: it travels into workflows. Durations in milliseconds. */
export interface ProviderProfile {
  readonly name: string;
  /** For how long the provider honours an idempotency key; after that we only look up. */
  readonly keyLifetimeMs: number;
  /** True where a refusal is stored under its key, so that only a new key can go well. */
  readonly replaysErrors: boolean;
  /** Whether what stands under a reference can be asked for. */
  readonly finds: boolean;
  /** Whether all its charges can be read through, to be compared with ours. */
  readonly lists: boolean;
  /** How far a look-up may lag behind a step. */
  readonly visibilityDelayMs: number;
  /** True where a reference can be closed: what arrives under it later is refused. */
  readonly fences: boolean;
  /** How authorised money can be taken: all of it, once in part, or in several parts. */
  readonly captures: readonly ('automatic' | 'manual' | 'multiple')[];
  /** How much more than was authorised may be captured, in percent of it; 0 for nothing. */
  readonly overCapturePercent: number;
  /** How long an authorisation lasts. */
  readonly holdMs: number;
  /** For how long after its capture money can be refunded; 0 where it cannot. */
  readonly refundWindowMs: number;
  /** Whether money can be sent out. */
  readonly paysOut: boolean;
  /** How long a payout that began stays pending at most; 0 where its answer is the end of it. */
  readonly payoutMs: number;
  /** How its events are signed; null where it sends none. */
  readonly webhooks: 'standard-webhooks' | 'stripe' | null;
  /** How long one HTTP call may take, its body included. */
  readonly requestTimeoutMs: number;
  /** How long to wait before each time we ask again, at most 20 rungs. */
  readonly ladderMs: readonly number[];
}

/** One attempt of one outside step. */
export interface OutsideRequest {
  readonly step: OutsideStep;
  /** `opId:step.ordinal:n`: the provider's reference and its idempotency key, both. */
  readonly reference: string;
  /** What is to move; of a void, what was authorised. */
  readonly amount: Money;
  /** The charge that a capture, void or refund acts on. */
  readonly chargeId?: string;
  /** Of a capture: no other follows, and what is left of the authorisation goes back. */
  readonly final?: boolean;
  /** Of a payout: a token of the provider for where the money goes. */
  readonly destination?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The operation's trace id, 32 hex digits. */
  readonly trace?: string;
}

/** A charge as the provider's own list shows it, whoever made it. Minor units. */
export interface ListedCharge {
  readonly chargeId: string;
  /** What it was made under; not only ours have one. */
  readonly reference: string;
  readonly state: 'pending' | 'authorized' | 'captured' | 'gone';
  readonly minor: number;
  readonly currency: string;
  readonly capturedMinor: number;
  readonly refundedMinor: number;
  readonly expiresAt?: number;
}

/** Some of the provider's charges. */
export interface ChargePage {
  readonly data: readonly ListedCharge[];
  /** How many could not be read. */
  readonly unreadable: number;
  /** Where to go on; after the last page, where to look again later. */
  readonly next: string;
  readonly isLast: boolean;
}

/**
 * The outside world that moves money. One call each; nothing here repeats by itself or throws. What
 * an answer must say is checked against the request: what does not fit is `contradicted`.
 */
export interface PaymentProvider {
  readonly profile: ProviderProfile;
  /**
   * Does the step once under the reference. `retry`: certainly nothing happened. `fail` with
   * `provider-refused`: this call was certainly refused, `cause` is the provider's own code.
   * `unknown`: it may have happened; ask with `find`.
   */
  perform(request: OutsideRequest): Promise<Outcome<OutsideAnswer>>;
  /**
   * Asks what stands under the reference. A question cannot be refused for good: it never fails.
   * `not-found` is no proof of anything.
   */
  find(request: OutsideRequest): Promise<Ok<OutsideAnswer | NotFound> | Retry | Unknown>;
  /**
   * Closes the reference, where the profile says that it can: what arrives under it later does
   * nothing. Gives what stood there before, if anything did.
   */
  fence(request: OutsideRequest): Promise<Ok<OutsideAnswer | Fenced> | Retry | Unknown>;
  /**
   * Reads through all charges, where the profile says that it can: from the beginning with null,
   * else from the `next` of a page. A charge may be shown twice, and after its change once more.
   */
  since(cursor: string | null): Promise<Ok<ChargePage> | Retry | Unknown>;
}
