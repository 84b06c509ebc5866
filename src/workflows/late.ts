import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { OutsideRequest } from '../activities/outside.js';
import type { Envelope, LateCommand, OutsideStep, PaymentResult } from '../domain/index.js';
import { now } from './clock.js';
import { beginCourse, type Course, described, ledger, type Stuck, untilEnded } from './course.js';
import { certainOf } from './outside.js';
import { find } from './provider-step.js';

/**
 * Gives back money that came to light after its operation had ended. It looks first, since the
 * provider may have let go by itself; then it voids what is authorised and refunds what was taken.
 */
export async function late(asked: Envelope<LateCommand>): Promise<PaymentResult> {
  const course = beginCourse(asked, workflowInfo().startTime.getTime());
  // It was the provider that began it: there is nobody to withdraw it.
  course.wishes.open = false;
  return untilEnded(course, () => walk(course));
}

async function walk(course: Course<LateCommand>): Promise<PaymentResult | Stuck> {
  const { opId, command } = course.envelope;
  const { evidence } = command.payload;
  const begun = await ledger.beginLate(course.envelope);
  if (begun.kind !== 'begun') return begun;
  setCurrentDetails(`**Late**: ${described(course)}, ${evidence.kind} after the end.`);

  const stands = await find(requestOf(course, stepOf(evidence.reference), evidence.reference));
  if (stands.kind === 'contradicted') return { kind: 'stuck', reason: stands.detail };
  const isGone = stands.kind === 'voided' || stands.kind === 'declined';
  if (isGone) return ended(await ledger.endLate(opId, { kind: 'gone' }));

  // What it says now counts; where it says nothing, what it told us does.
  const { kind } = stands.kind === 'captured' || stands.kind === 'authorized' ? stands : evidence;
  const step = kind === 'captured' ? 'refund' : 'void';
  const { amount } = command.payload;
  const written = await ledger.writeAttempt(opId, `${step}.1`, 1, amount);
  if (written.kind === 'conflict') return { kind: 'stuck', reason: written.reason };
  const answer = await certainOf(course, requestOf(course, step, written.reference), {
    heldAt: now(),
  });
  if (answer.kind === 'stuck') return answer;
  if (answer.kind === 'refunded' || answer.kind === 'voided') {
    return ended(await ledger.endLate(opId, answer));
  }
  return { kind: 'stuck', reason: `the provider says ${answer.kind} of a ${step}` };
}

function ended(result: Awaited<ReturnType<typeof ledger.endLate>>): PaymentResult | Stuck {
  if (result.kind === 'returned') return result;
  return { kind: 'stuck', reason: `the ledger refused the evidence: ${result.reason}` };
}

function requestOf(
  { envelope }: Course<LateCommand>,
  step: OutsideStep,
  reference: string,
): OutsideRequest {
  const { amount: minor, currency, evidence } = envelope.command.payload;
  const { chargeId } = evidence;
  const amount = { minor, currency };
  return { ...{ step, reference, amount, trace: envelope.trace }, chargeId };
}

/** `capture` of `opId:capture.2:1`. */
function stepOf(reference: string): OutsideStep {
  const [step] = reference.split(':')[1]?.split('.') ?? [];
  return step === 'capture' || step === 'authorize' ? step : 'charge';
}
