import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  CaptureWish,
  Decision,
  HoldRefusal,
  OutsideAnswer,
  PaymentMethod,
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

/** A person wants a notice that stands still sent again: also where that may be a second time. */
export const again = defineSignal('again');

/** What two people decided about a parked operation; carried out when it stands still. */
export const decide = defineSignal<[Decision]>('decide');

/** What a provider told us by itself, its signature checked: evidence like any answer. */
export const evidence = defineSignal<[OutsideAnswer]>('evidence');

/** Whether a wish about a hold won; it is carried out after the answer. */
export type HoldAnswer = { readonly kind: 'accepted' } | HoldRefusal;

/**
 * The answer with the wish that it was given to: an update that is repeated under its id is given
 * the first answer, whatever it asks for, and only so can who repeats it see for what.
 */
export type AnswerTo<Wish> = HoldAnswer & { readonly asked: Wish };

/** Takes held money. */
export const capture = defineUpdate<AnswerTo<CaptureWish>, [CaptureWish]>('capture');

/** Lets a hold end at another moment, epoch milliseconds. */
export const extend = defineUpdate<AnswerTo<number>, [number]>('extend');

/** Lets a deferred payment take another way, or keeps it waiting for its own. */
export const chooseMethod = defineUpdate<AnswerTo<PaymentMethod>, [PaymentMethod]>('chooseMethod');

/** Tells a ride who drives. */
export const match = defineUpdate<RideAnswer, [RideMatch]>('match');

/** Tells a ride that it was driven, and what it costs, in minor units. */
export const complete = defineUpdate<RideAnswer, [number]>('complete');

/** Cancels a ride, and says by whom. */
export const cancel = defineUpdate<RideAnswer, [RideParty]>('cancel');
