import type { Currency } from './currency.js';
import type { AccountId, OpId } from './ids.js';
import type { Fail } from './outcome.js';
import type { RefusalCode } from './refusals.js';
import type { Confirmed, Fulfilled } from './several-steps.js';

// Facts: past participles, made by the step that saw them. Money moves only on these.

/** The ledger set the money aside. `reference` is the provider's key of the first attempt. */
export interface Held {
  readonly kind: 'held';
  readonly opId: OpId;
  readonly account: AccountId;
  readonly payee: AccountId;
  readonly minor: number;
  readonly currency: Currency;
  readonly reference: string;
  /** When, by the ledger's clock, in epoch milliseconds: no call under `reference` is older. */
  readonly heldAt: number;
  /** When the hold ends by itself, epoch milliseconds; absent where money is taken at once. */
  readonly expiresAt?: number;
  /** Set when the customer chose since then that no charge brings it. */
  readonly method?: 'balance';
  /** Of a refund: the provider's charge that it gives back. */
  readonly chargeId?: string;
  /** Set when it was held before: a call under `reference` may have gone out then. */
  readonly replayed?: true;
  /** Set when a run before this one did something about the hold. */
  readonly resumes?: Resumes;
}

/** Where the run before stopped. */
export interface Resumes {
  /** How many captures and other ends of the hold were begun; the next one has the next number. */
  readonly acts: number;
  readonly captured: number;
  /** A capture of which that run did not write the end. */
  readonly open?: {
    readonly n: number;
    readonly minor: number;
    readonly final: boolean;
    readonly chargeId: string;
    readonly reference: string;
    /** When its key was written, epoch milliseconds: no call under it is older. */
    readonly sentAt: number;
    readonly rest?: number;
  };
}

/** What we ask of the outside. Each has a key of its own per attempt. */
export type OutsideStep = 'charge' | 'authorize' | 'capture' | 'void' | 'refund' | 'payout';

/** The provider set the money aside: a charge that waits for its captures. */
export interface Authorized {
  readonly kind: 'authorized';
  readonly reference: string;
  readonly chargeId: string;
  readonly minor: number;
  readonly currency: Currency;
  /** When the provider lets it go by itself, epoch milliseconds. */
  readonly expiresAt?: number;
}

/** The provider let an authorisation go: nothing of it can be captured any more. */
export interface Voided {
  readonly kind: 'voided';
  readonly reference: string;
  readonly chargeId: string;
}

/** The provider gave captured money back. */
export interface Refunded {
  readonly kind: 'refunded';
  readonly reference: string;
  readonly chargeId: string;
  readonly minor: number;
  readonly currency: Currency;
}

/** The provider sent money out. */
export interface PaidOut {
  readonly kind: 'paid-out';
  readonly reference: string;
  readonly payoutId: string;
  readonly minor: number;
  readonly currency: Currency;
}

/** The provider closed the reference with nothing under it: what comes later is refused. */
export interface Fenced {
  readonly kind: 'fenced';
  readonly reference: string;
}

/** The provider took the money: the proof that `settle` needs. */
export interface Captured {
  readonly kind: 'captured';
  readonly reference: string;
  readonly chargeId: string;
  readonly minor: number;
  readonly currency: Currency;
}

/** The provider refused the step, for good: proof for `release`. */
export interface Declined {
  readonly kind: 'declined';
  readonly reference: string;
  readonly chargeId?: string;
  readonly declineCode: string;
}

/** The person withdrew before the charge began: proof for `release`. */
export interface Withdrawn {
  readonly kind: 'withdrawn';
}

/** No call ever reached the provider, or every one certainly did nothing: proof for `release`. */
export interface NeverCharged {
  readonly kind: 'never-charged';
  readonly code: RefusalCode;
}

/** What was authorised was let go at the provider: proof for `release`. */
export interface LetGo {
  readonly kind: 'voided';
  readonly reference: string;
  readonly chargeId: string;
  readonly code: RefusalCode;
}

/** The provider closed the only key that could act, with nothing under it: proof for `release`. */
export interface FencedOff {
  readonly kind: 'fenced';
  readonly reference: string;
  readonly code: RefusalCode;
}

/** What may release a hold. Silence, a time-out and "not found" are not here, by type. */
export type ReleaseBecause = Declined | Withdrawn | NeverCharged | LetGo | FencedOff;

/** Two people decided that the money moves, each by name; the ledger looks whether they did. */
export interface SettledByHand {
  readonly kind: 'by-hand';
  readonly by: readonly [string, string];
  readonly chargeId?: string;
}

/** Two people decided that the money goes back; the ledger looks whether they did. */
export interface ReleasedByHand {
  readonly kind: 'by-hand';
  readonly by: readonly [string, string];
  readonly code: 'released-by-hand';
}

/** The provider has it and has not decided. */
export interface Pending {
  readonly kind: 'pending';
  readonly reference: string;
}

/** The provider does not show it. Not a proof: it may lag, or the call may still be on its way. */
export interface NotFound {
  readonly kind: 'not-found';
  readonly reference: string;
}

/**
 * The provider's answer does not fit what we asked (other amount, currency, id): a person looks.
 */
export interface Contradicted {
  readonly kind: 'contradicted';
  readonly reference: string;
  readonly detail: string;
}

/** What an outside step can be answered with, once it is certain what was asked and what stands. */
export type OutsideAnswer =
  | Authorized
  | Captured
  | Voided
  | Refunded
  | PaidOut
  | Confirmed
  | Declined
  | Pending
  | Contradicted;

/** The final step moved the money. */
export interface Settled {
  readonly kind: 'settled';
  readonly opId: OpId;
  readonly minor: number;
  readonly currency: Currency;
  readonly chargeId?: string;
  readonly payoutId?: string;
}

/** Part of a hold moved to its payee; `minor` is all that moved so far. The rest stays held. */
export interface CapturedPart {
  readonly kind: 'captured-part';
  readonly opId: OpId;
  readonly minor: number;
  readonly currency: Currency;
}

/** A capture may be asked for under `reference`: the money for it is held. */
export interface Capturing {
  readonly kind: 'capturing';
  readonly opId: OpId;
  readonly reference: string;
  readonly minor: number;
  readonly final: boolean;
}

/** The key of an attempt is written: it may be sent. */
export interface Attempted {
  readonly kind: 'attempted';
  readonly opId: OpId;
  readonly reference: string;
  /** Set when it was written before: a call under it may have gone out then. */
  readonly replayed?: true;
}

/** A hold ends at another moment. */
export interface Extended {
  readonly kind: 'extended';
  readonly opId: OpId;
  readonly expiresAt: number;
}

/** What moves held money: what the provider did, or a transfer inside the ledger. */
export type SettleProof = Captured | Refunded | PaidOut | { readonly kind: 'internal' };

/** The final step gave the money back; `code` is the operation's refusal. */
export interface Released {
  readonly kind: 'released';
  readonly opId: OpId;
  readonly code: RefusalCode;
  readonly message: string;
  readonly minor: number;
}

/** A ledger verb that lost a race or was given evidence that does not fit: nothing changed. */
export interface Conflict {
  readonly kind: 'conflict';
  readonly reason: string;
}

/** A payment that begins later has its row. */
export interface Scheduled {
  readonly kind: 'scheduled';
  readonly opId: OpId;
}

/** The customer chose another method before anything was sent. */
export interface MethodChosen {
  readonly kind: 'chosen';
  readonly opId: OpId;
  readonly method: 'balance';
}

/** A second person approved what moves. */
export interface Approved {
  readonly kind: 'approved';
  readonly opId: OpId;
}

/** Nobody approved it: refused, withdrawn, or out of time. */
export interface NotApproved {
  readonly kind: 'not-approved';
  readonly opId: OpId;
  readonly code: RefusalCode;
}

/** An operation that gives late money back has its row. */
export interface Begun {
  readonly kind: 'begun';
  readonly opId: OpId;
}

/** Money that came to light after the end of its operation is back with whose it was. */
export interface Returned {
  readonly kind: 'returned';
  readonly opId: OpId;
  readonly returned: number;
  readonly currency: Currency;
}

/** How an operation ends: settled, done, given back, or refused by value. */
export type PaymentResult = Settled | Fulfilled | Returned | Fail;
