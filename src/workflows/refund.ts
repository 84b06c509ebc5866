import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { Envelope, Held, PaymentResult, RefundCommand } from '../domain/index.js';
import { unapproved } from './approval.js';
import { beginCourse, type Course, described, endOf, ledger, untilEnded } from './course.js';
import { sentAway } from './outgoing.js';

/** Gives captured money back: reserve on who received it, refund at the provider, settle. */
export async function refund(asked: Envelope<RefundCommand>): Promise<PaymentResult> {
  const course = beginCourse(asked, workflowInfo().startTime.getTime());
  return untilEnded(course, async () => {
    const held = await ledger.reserveRefund(course.envelope);
    if (held.kind !== 'held') return held;
    setCurrentDetails(`**Held**: ${described(course)}.`);
    const answer = (await unapproved(course, held)) ?? (await sentBack(course, held));
    if (answer.kind === 'stuck') return answer;
    const move = { step: 'refund', final: true };
    return answer.kind === 'refunded' || answer.kind === 'internal'
      ? endOf(await ledger.settleRefund(held.opId, answer, move))
      : endOf(await ledger.releaseRefund(course.envelope, answer));
  });
}

/** A transfer that goes back inside the ledger has no charge, and needs no provider. */
async function sentBack(course: Course, held: Held) {
  const { chargeId } = held;
  if (chargeId === undefined) return { kind: 'internal' } as const;
  return sentAway(course, held, { step: 'refund', chargeId });
}
