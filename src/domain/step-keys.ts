// Which key an outside step is asked with. The rule: the same key while it is not certain what the
// last attempt did, and another one only after a definitive rejection that can be mended. A new key
// after a time-out charges twice; an old key after a stored refusal can never go well.

/** What became of the last attempt of a step. */
export type AttemptOutcome =
  /** It may have acted. */
  | 'unknown'
  /** Certainly nothing happened, and nothing is kept under the key: never sent, or rate-limited. */
  | 'nothing'
  /** Certainly refused, kept under the key, and another attempt may go well. */
  | 'rejected'
  /** It acted, or was refused for good. */
  | 'ended';

export interface Attempt {
  /** From 1; the last part of the key. */
  readonly n: number;
  /** When it was sent first, epoch milliseconds. */
  readonly sentAt: number;
  readonly outcome: AttemptOutcome;
}

/** What may be done next: ask under the n-th key, only look up, or nothing more. */
export type NextKey =
  | { readonly kind: 'send'; readonly n: number }
  | { readonly kind: 'look' }
  | { readonly kind: 'none' };

/** A step is given at most so many keys; after that a person decides. */
const attemptsMax = 5;

/** The key to go on with after `last`, at `now`; the first one when there is no attempt yet. */
export function nextKey(last: Attempt | undefined, keyLifetimeMs: number, now: number): NextKey {
  if (last === undefined) return { kind: 'send', n: 1 };
  switch (last.outcome) {
    case 'ended':
      return { kind: 'none' };
    case 'nothing':
      return { kind: 'send', n: last.n };
    case 'rejected':
      return last.n < attemptsMax ? { kind: 'send', n: last.n + 1 } : { kind: 'none' };
    case 'unknown':
      // Past its lifetime the provider has forgotten the key: the same one would act again.
      return now - last.sentAt < keyLifetimeMs ? { kind: 'send', n: last.n } : { kind: 'look' };
  }
}
