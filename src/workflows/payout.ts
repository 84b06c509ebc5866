import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { Envelope, PaymentResult, PayoutCommand } from '../domain/index.js';
import { unapproved } from './approval.js';
import { beginCourse, described, endOf, ledger, untilEnded } from './course.js';
import { sentAway } from './outgoing.js';

/** Sends money out: reserve, pay out at the provider, settle. */
export async function payout(asked: Envelope<PayoutCommand>): Promise<PaymentResult> {
  const course = beginCourse(asked, workflowInfo().startTime.getTime());
  const { destination } = asked.command.payload;
  return untilEnded(course, async () => {
    const held = await ledger.reservePayout(course.envelope);
    if (held.kind !== 'held') return held;
    setCurrentDetails(`**Held**: ${described(course)}.`);
    const answer =
      (await unapproved(course, held)) ??
      (await sentAway(course, held, { step: 'payout', destination }));
    if (answer.kind === 'stuck') return answer;
    const move = { step: 'payout', final: true };
    return answer.kind === 'paid-out'
      ? endOf(await ledger.settlePayout(held.opId, answer, move))
      : endOf(await ledger.releasePayout(course.envelope, answer));
  });
}
