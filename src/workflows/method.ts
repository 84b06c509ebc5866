import { setHandler } from '@temporalio/workflow';
import type { PaymentCommand, PaymentMethod } from '../domain/index.js';
import type { Course } from './course.js';
import { chooseMethod, type HoldAnswer } from './messages.js';

/**
 * Hears which method is chosen while a payment waits for a provider that is not asked. Accepted, it
 * is too late for anything else: a withdrawal, another choice, the charge.
 */
export function listenForMethod(course: Course<PaymentCommand>): void {
  const { wishes } = course;
  const { capture, method } = course.envelope.command.payload;
  const judged = (wish: PaymentMethod): HoldAnswer => {
    if (!course.choosable || wishes.withdrawn) return { kind: 'refused', code: 'invalid-state' };
    if (wish === method) return { kind: 'accepted' };
    if (capture !== 'automatic') return { kind: 'refused', code: 'not-supported' };
    course.chosen = wish;
    course.choosable = wishes.open = false;
    wishes.verify = true;
    return { kind: 'accepted' };
  };
  setHandler(chooseMethod, (wish) => ({ ...judged(wish), asked: wish }));
}
