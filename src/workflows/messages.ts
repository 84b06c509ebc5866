import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  HoldRefusal,
  OutsideAnswer,
  RideAnswer,
  RideMatch,
  RideParty,
} from '../domain/index.js';

/**
 * Whether a wish to withdraw came in time. Too late: the charge began, or the operation is final.
 */
export type WithdrawAnswer = { readonly kind: 'accepted' } | { readonly kind: 'too-late' };

/** Withdraws an operation whose outside step has not begun, or lets go of what it holds. */
export const withdraw = defineUpdate<WithdrawAnswer>('withdraw');

/** Asks the outside once more now: hurries a doubt, and wakes a parked operation. */
export const verify = defineSignal('verify');

/** What a provider told us by itself, its signature checked: evidence like any answer. */
export const evidence = defineSignal<[OutsideAnswer]>('evidence');

/** Part of a hold to take, or all of it. Minor units. */
export interface CaptureWish {
  readonly amount?: number;
  /** Gives back what is left; always so for a hold of one capture. */
  readonly final?: boolean;
}

/** Whether a wish about a hold won; it is carried out after the answer. */
export type HoldAnswer = { readonly kind: 'accepted' } | HoldRefusal;

/** Takes held money. */
export const capture = defineUpdate<HoldAnswer, [CaptureWish]>('capture');

/** Lets a hold end at another moment, epoch milliseconds. */
export const extend = defineUpdate<HoldAnswer, [number]>('extend');

/** Tells a ride who drives. */
export const match = defineUpdate<RideAnswer, [RideMatch]>('match');

/** Tells a ride that it was driven, and what it costs, in minor units. */
export const complete = defineUpdate<RideAnswer, [number]>('complete');

/** Cancels a ride, and says by whom. */
export const cancel = defineUpdate<RideAnswer, [RideParty]>('cancel');
