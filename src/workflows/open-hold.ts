import {
  type Authorized,
  type CaptureRefusal,
  type CaptureWish,
  type Held,
  type Holding,
  judgeCapture,
  plus,
  type RefusalCode,
} from '../domain/index.js';
import type { Wishes } from './wishes.js';

/** What was accepted about a hold, carried out one after the other. */
export type Act =
  | {
      readonly kind: 'capture';
      readonly n: number;
      readonly minor: number;
      readonly final: boolean;
      /** Set for a capture that the hold ends with either way: refused, it is let go as this. */
      readonly orElse?: RefusalCode;
      /** Is charged by itself once this is captured. */
      readonly rest?: number;
      /** Set for one that another run began: its last key, and when that was written. */
      readonly reference?: string;
      readonly sentAt?: number;
    }
  | { readonly kind: 'extend'; readonly n: number; readonly expiresAt: number }
  | { readonly kind: 'say'; readonly reason: string; readonly event: string }
  | { readonly kind: 'let-go'; readonly code: RefusalCode };

/** A hold between its authorisation and its end, and what is still to be done about it. */
export interface OpenHold {
  holding: Holding | undefined;
  /** When the hold ends by itself, and the latest moment that the provider allows. */
  expiresAt: number;
  expiresAtMax: number;
  readonly acts: Act[];
  /** How many acts were accepted: names each. */
  accepted: number;
  warned: boolean;
}

/** A hold that is not there yet. */
export function noHoldYet(): OpenHold {
  return {
    ...{ holding: undefined, expiresAt: 0, expiresAtMax: 0, acts: [], accepted: 0, warned: false },
  };
}

/** Accepts a capture, or says why not; it is carried out in its turn. */
export function promiseCapture(
  hold: OpenHold,
  wishes: Wishes,
  wish: CaptureWish & Pick<Act & { kind: 'capture' }, 'orElse' | 'rest'>,
): { readonly kind: 'accepted' } | CaptureRefusal {
  const { holding } = hold;
  if (holding === undefined || wishes.withdrawn) return { kind: 'refused', code: 'invalid-state' };
  const judged = judgeCapture(holding, wish);
  if (judged.kind === 'refused') return judged;
  const { minor, final } = judged;
  hold.holding = { ...holding, promised: plus(holding.promised, minor), closing: final };
  wishes.open = !final;
  hold.accepted += 1;
  const { orElse, rest } = wish;
  const more = { ...(orElse !== undefined && { orElse }), ...(rest !== undefined && { rest }) };
  hold.acts.push({ kind: 'capture', n: hold.accepted, minor, final, ...more });
  return { kind: 'accepted' };
}

/** Accepts another end of the hold, epoch milliseconds. */
export function promiseExtension(hold: OpenHold, expiresAt: number): void {
  hold.accepted += 1;
  hold.acts.push({ kind: 'extend', n: hold.accepted, expiresAt });
}

/** Lets something be written down, as an event of its own, before what is promised after it. */
export function promiseSaying(hold: OpenHold, reason: string, event: string): void {
  hold.acts.push({ kind: 'say', reason, event });
}

/** Accepts that the hold ends with nothing more taken, and nothing else from now on. */
export function promiseLetGo(hold: OpenHold, wishes: Wishes, code: RefusalCode): void {
  if (hold.holding !== undefined) hold.holding = { ...hold.holding, closing: true };
  wishes.open = false;
  hold.acts.push({ kind: 'let-go', code });
}

/** What another run proved by the capture that it began: that this charge was authorised. */
export function authorizedBefore(held: Held): Authorized | undefined {
  const { reference, minor, currency, resumes } = held;
  if (resumes?.open === undefined) return undefined;
  const { chargeId } = resumes.open;
  return { kind: 'authorized', reference, chargeId, minor, currency };
}
