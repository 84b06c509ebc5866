import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { Envelope, PaymentResult, RefundCommand } from '../domain/index.js';
import { beginCourse, described, endOf, ledger, untilEnded } from './course.js';
import { sentAway } from './outgoing.js';

/** Gives captured money back: reserve on who received it, refund at the provider, settle. */
export async function refund(asked: Envelope<RefundCommand>): Promise<PaymentResult> {
  const course = beginCourse(asked, workflowInfo().startTime.getTime());
  return untilEnded(course, async () => {
    const held = await ledger.reserveRefund(course.envelope);
    if (held.kind !== 'held') return held;
    setCurrentDetails(`**Held**: ${described(course)}.`);
    const { chargeId } = held;
    const move = { step: 'refund', final: true };
    // A transfer that goes back inside the ledger has no charge, and needs no provider.
    if (chargeId === undefined) {
      return endOf(await ledger.settleRefund(held.opId, { kind: 'internal' }, move));
    }
    const answer = await sentAway(course, held, { step: 'refund', chargeId });
    if (answer.kind === 'stuck') return answer;
    return answer.kind === 'refunded'
      ? endOf(await ledger.settleRefund(held.opId, answer, move))
      : endOf(await ledger.releaseRefund(course.envelope, answer));
  });
}
