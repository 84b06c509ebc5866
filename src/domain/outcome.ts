import type { RefusalCode } from './refusals.js';

/** What a step answers. Never a boolean, never an exception for a business answer. */
export type Outcome<Value> = Ok<Value> | Retry | Fail | Unknown;

export interface Ok<Value> {
  readonly kind: 'ok';
  readonly value: Value;
}

/** Certainly nothing happened; the same step may run again after `nextRetryAfterMs`. */
export interface Retry {
  readonly kind: 'retry';
  readonly reason: string;
  /** Which attempt this was, from 1. */
  readonly attempt: number;
  readonly nextRetryAfterMs: number;
  /** The provider keeps this refusal under the key: only the next attempt's key can go well. */
  readonly stored?: true;
}

/** Certainly refused, for good. */
export interface Fail {
  readonly kind: 'fail';
  readonly code: RefusalCode;
  readonly message: string;
  readonly cause?: string;
}

/**
 * It may have happened. Only the resolver ends it. It exists because a time-out taken as Retry is
 * the double-charge hole: nobody knows whether the first call acted.
 */
export interface Unknown {
  readonly kind: 'unknown';
  readonly reason: string;
  readonly askAgainAfterMs: number;
}
