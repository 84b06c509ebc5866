import { type Parsed, readObject } from './faults.js';
import { minus, percentOf, plus } from './money.js';

// A hold as the workflow that owns it judges wishes about it. The one thread of the workflow makes
// the order, so that of capture, cancel and expiry exactly one wins.

/** What is held at the provider and in the ledger, and what was promised of it. Minor units. */
export interface Holding {
  readonly captures: 'manual' | 'multiple';
  readonly authorised: number;
  readonly captured: number;
  /** Accepted captures that have not ended yet. */
  readonly promised: number;
  /** True once something was accepted after which nothing more can be. */
  readonly closing: boolean;
  /** How much more than was authorised may be captured, in percent of it. */
  readonly tolerancePercent: number;
}

/** One capture that was accepted. */
export interface AcceptedCapture {
  readonly kind: 'accepted';
  readonly minor: number;
  readonly final: boolean;
}

export interface CaptureRefusal {
  readonly kind: 'refused';
  readonly code: 'invalid-state' | 'capture-exceeds-hold';
}

export interface HoldRefusal {
  readonly kind: 'refused';
  readonly code: CaptureRefusal['code'] | 'hold-too-long' | 'moment-past' | 'not-supported';
}

/** Judges a capture of `amount`, or of all that is left; a hold of one capture ends with it. */
export function judgeCapture(
  holding: Holding,
  asked: CaptureWish,
): AcceptedCapture | CaptureRefusal {
  if (holding.closing) return { kind: 'refused', code: 'invalid-state' };
  const left = minus(holding.authorised, takenOf(holding));
  const minor = asked.amount ?? left;
  if (minor <= 0 || minor > captureMax(holding)) {
    return { kind: 'refused', code: 'capture-exceeds-hold' };
  }
  const final = holding.captures === 'manual' || asked.final === true || minor >= left;
  return { kind: 'accepted', minor, final };
}

/** Part of a hold to take, or all of it. Minor units. */
export interface CaptureWish {
  readonly amount?: number;
  /** Gives back what is left; always so for a hold of one capture. */
  readonly final?: boolean;
}

/** Reads the body of a capture. */
export function parseCaptureWish(body: unknown): Parsed<CaptureWish> {
  return readObject(body, ['amount', 'final'], (read) => {
    const amount = read.optional('amount', read.amount);
    const final = read.optional('final', read.truth);
    return { ...(amount !== undefined && { amount }), ...(final !== undefined && { final }) };
  });
}

/** Reads the body that asks for another end of a hold: that moment, epoch milliseconds. */
export function parseExtension(body: unknown): Parsed<number> {
  return readObject(body, ['holdExpiresAt'], (read) => read.moment('holdExpiresAt'));
}

/** The most that may still be captured, with the tolerance. */
export function captureMax(holding: Holding): number {
  const { authorised, tolerancePercent } = holding;
  return minus(plus(authorised, percentOf(authorised, tolerancePercent)), takenOf(holding));
}

function takenOf({ captured, promised }: Holding): number {
  return plus(captured, promised);
}
