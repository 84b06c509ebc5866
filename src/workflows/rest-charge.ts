import { formatMoney, type PaymentResult } from '../domain/index.js';
import { now } from './clock.js';
import { type Course, endOf, ledger, note, type Stuck } from './course.js';
import { certainOf } from './outside.js';

/**
 * Charges what a hold and its tolerance did not cover, under a key of its own: a doubt about it is
 * ended like any other, never by a second call under another key. Declined for good, the operation
 * ends settled with what was captured before, and what was set aside for the rest goes back.
 * Another run may have begun it, not before `begunBefore`: then it is looked up first.
 */
export async function chargeRest(
  course: Course,
  minor: number,
  begunBefore: number | undefined,
): Promise<PaymentResult | Stuck> {
  const { opId, trace, command } = course.envelope;
  const { currency } = command.payload;
  const written = await ledger.writeAttempt(opId, 'charge.2', 1, minor);
  if (written.kind === 'conflict') return endOf(written);
  const { reference } = written;
  const answer = await certainOf(
    course,
    { step: 'charge', reference, amount: { minor, currency }, trace },
    begunBefore === undefined ? { heldAt: now() } : { heldAt: begunBefore, replayed: true },
  );
  if (answer.kind === 'stuck') return answer;
  if (answer.kind === 'captured') {
    return endOf(await ledger.settlePayment(opId, answer, { step: 'settle.rest', final: true }));
  }
  if (answer.kind !== 'declined') {
    return { kind: 'stuck', reason: `a second charge was ${answer.kind}` };
  }
  const missing = `${formatMoney(minor, currency)} were declined: ${answer.declineCode}`;
  await note(course, 'charging', missing, 'ride.underpaid');
  return endOf(await ledger.releasePayment(course.envelope, answer));
}
