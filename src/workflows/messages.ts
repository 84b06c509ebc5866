import { defineSignal, defineUpdate } from '@temporalio/workflow';
import type { OutsideAnswer } from '../domain/index.js';

/**
 * Whether a wish to withdraw came in time. Too late: the charge began, or the operation is final.
 */
export type WithdrawAnswer = { readonly kind: 'accepted' } | { readonly kind: 'too-late' };

/** Withdraws an operation whose outside step has not begun. */
export const withdraw = defineUpdate<WithdrawAnswer>('withdraw');

/** Asks the outside once more now: hurries a doubt, and wakes a parked operation. */
export const verify = defineSignal('verify');

/** What a provider told us by itself, its signature checked: evidence like any answer. */
export const evidence = defineSignal<[OutsideAnswer]>('evidence');
