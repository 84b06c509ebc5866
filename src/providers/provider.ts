import type {
  Captured,
  Contradicted,
  Declined,
  Money,
  NotFound,
  Ok,
  Outcome,
  Pending,
  Retry,
  Unknown,
} from '../domain/index.js';

/** What a provider can do. Plain data: it travels into workflows. Durations in milliseconds. */
export interface ProviderProfile {
  readonly name: string;
  /** For how long the provider honours an idempotency key; after that we only look up. */
  readonly keyLifetimeMs: number;
  /** How far a look-up may lag behind a charge. */
  readonly visibilityDelayMs: number;
  /** How long one HTTP call may take, its body included. */
  readonly requestTimeoutMs: number;
  /** How long to wait before each time we ask again, at most 20 rungs. */
  readonly ladderMs: readonly number[];
}

/** One attempt to charge. */
export interface ChargeRequest {
  /** `opId:step.ordinal:n`: the provider's reference and its idempotency key, both. */
  readonly reference: string;
  readonly amount: Money;
  readonly metadata?: Readonly<Record<string, string>>;
  /** The operation's trace id, 32 hex digits. */
  readonly trace?: string;
}

/** What a provider says of a charge. A decline is an answer like any other: it is evidence. */
export type ChargeAnswer = Captured | Declined | Pending | Contradicted;

/** What it says when asked for one. `not-found` is no proof of anything. */
export type FindAnswer = ChargeAnswer | NotFound;

/** The outside world that takes money. One call each; nothing here repeats by itself or throws. */
export interface PaymentProvider {
  readonly profile: ProviderProfile;
  /**
   * Charges once under the reference. `retry`: certainly nothing happened. `fail` with
   * `provider-refused`: this call was certainly refused, `cause` is the provider's own code.
   * `unknown`: it may have charged; ask with `find`.
   */
  charge(request: ChargeRequest): Promise<Outcome<ChargeAnswer>>;
  /** Asks for the charge of a reference. A question cannot be refused for good: it never fails. */
  find(
    reference: string,
    expected: Money,
    trace?: string,
  ): Promise<Ok<FindAnswer> | Retry | Unknown>;
}
