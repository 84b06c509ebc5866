import { setCurrentDetails, setHandler } from '@temporalio/workflow';
import {
  type Accepted,
  commands,
  type Confirmed,
  type Conflict,
  type Fail,
  type Fulfilled,
  type PaymentCommand,
  type MoneyAsked,
  nextKey,
  type PaymentPayload,
  type PaymentResult,
  type RefusalCode,
  type RefundCommand,
  type ServiceStep,
  type Turned,
} from '../domain/index.js';
import { childOf, endOfChild } from './child-operation.js';
import { now } from './clock.js';
import { budgetEndsAt, type Course, described, ledger, type Stuck } from './course.js';
import { decide } from './messages.js';
import { certainOf } from './outside.js';
import { payment } from './payment.js';
import { attemptOf } from './provider-step.js';
import type { ServiceRequest } from '../activities/services.js';
import { refund } from './refund.js';
import type { Terms } from './resolver.js';

// Operations of several steps: each step is done until it is certain, what gives it back is
// registered before it begins, and one that is refused gives back what was done, the last first.

/** Why an operation of several steps is refused. */
export interface Refused {
  readonly kind: 'fail';
  readonly code: RefusalCode;
}

/** Gives back what a step did, where it did something; it must go well, or a person looks. */
type GiveBack = () => Promise<Stuck | undefined>;

/** The steps that were begun, and how they are given back. */
export interface StepsTaken {
  readonly course: Course;
  readonly since: number;
  readonly backs: GiveBack[];
}

/** Steps from their beginning; one that was turned back before takes none that it had not begun. */
function beginSteps(course: Course, { returns, since }: Accepted): StepsTaken {
  // Nobody settles or releases by hand what holds nothing itself; it only looks again.
  setHandler(decide, () => {
    course.wishes.verify = true;
  });
  if (returns !== undefined) course.returns ??= { kind: 'never-charged', code: returns };
  return { course, since, backs: [] };
}

/** Takes the money in a payment of its own; undefined when it is paid. */
export async function paid(
  { course, backs }: StepsTaken,
  { account, amount, currency, payTo }: MoneyAsked,
): Promise<Refused | undefined> {
  const { envelope } = course;
  const { approvalAbove } = envelope;
  const to = payTo === undefined ? {} : { payTo };
  const child = {
    ...childOf<PaymentPayload, PaymentCommand>(
      envelope,
      commands.payment,
      `payment/${envelope.opId}`,
      { account, amount, currency, capture: 'automatic', method: 'card', ...to },
    ),
    ...(approvalAbove !== undefined && { approvalAbove }),
  };
  backs.push(() => refunded(course, child.opId, account, currency));
  const ended = await endOfChild(course, payment, child, { withdrawable: true });
  if (ended.kind === 'fail') return ended;
  const { minor } = await ledger.readPaid(envelope.opId);
  // A payment that is not its own, or not of all of it, is none.
  return minor === amount ? undefined : { kind: 'fail', code: 'invalid-state' };
}

/** All of the payment goes back in a refund of its own; the ledger looks whether it did. */
async function refunded(
  course: Course,
  of: RefundCommand['payload']['payment'],
  account: RefundCommand['payload']['account'],
  currency: RefundCommand['payload']['currency'],
): Promise<undefined> {
  const { envelope, parked } = course;
  if ((await ledger.readPaid(envelope.opId)).minor === 0) return undefined;
  // A refund that was refused stays so; once a person has looked, another one may go well.
  const key = `refund/${envelope.opId}/${parked + 1}`;
  const payload = { payment: of, account, currency };
  const child = childOf<typeof payload, RefundCommand>(envelope, commands.refund, key, payload);
  await endOfChild(course, refund, child);
  return undefined;
}

/** Does one step at a service until it is certain; `back` is the step that gives it back. */
export async function served(
  steps: StepsTaken,
  step: ServiceStep,
  detail: ServiceRequest['detail'],
  { back, code = 'provider-refused' }: { back?: ServiceStep; code?: RefusalCode } = {},
): Promise<Confirmed | Refused | Stuck> {
  const { course, backs } = steps;
  const asked = await written(steps, step, detail);
  if (asked.kind === 'stuck') return asked;
  if (back !== undefined) {
    const of = asked.request.reference;
    backs.push(async () => {
      if (course.certain.get(`${step}.1`)?.kind !== 'confirmed') return undefined;
      return givenBack(steps, back, { ...detail, of });
    });
  }
  // Turned back, it is not begun any more: what may have begun is looked at, and closed.
  const endsAt = course.returns === undefined ? budgetEndsAt(course) : 0;
  const answer = await certainOf(course, asked.request, { ...asked.terms, endsAt });
  if (answer.kind === 'confirmed' || answer.kind === 'stuck') return answer;
  if (answer.kind === 'declined') return { kind: 'fail', code };
  if (answer.kind === 'withdrawn') return { kind: 'fail', code: 'withdrawn' };
  if ('code' in answer) return { kind: 'fail', code: answer.code };
  return { kind: 'stuck', reason: `the service says ${answer.kind} of ${step}` };
}

async function givenBack(
  steps: StepsTaken,
  step: ServiceStep,
  detail: ServiceRequest['detail'],
): Promise<Stuck | undefined> {
  const { course } = steps;
  for (let n = 1; ; ) {
    const asked = await written(steps, step, detail, n);
    if (asked.kind === 'stuck') return asked;
    const answer = await certainOf(course, asked.request, asked.terms);
    if (answer.kind === 'confirmed') return undefined;
    if (answer.kind === 'stuck') return answer;
    const last = 'reference' in answer ? attemptOf(answer) : n;
    // Nothing will come of this key. What was declined is asked anew once a person has looked.
    const isOver =
      answer.kind === 'fenced' || (answer.kind === 'declined' && last <= course.parked);
    const next = nextKey({ n: last, sentAt: now(), outcome: 'rejected' }, Infinity, now());
    if (!isOver || next.kind !== 'send') {
      return { kind: 'stuck', reason: `the service says ${answer.kind} of ${step}` };
    }
    n = next.n;
    course.certain.delete(`${step}.1`);
    course.doubts.delete(`${step}.1`);
  }
}

/** What to ask under a key that is written now, or was before: then it may have been asked. */
async function written(
  { course, since }: StepsTaken,
  step: ServiceStep,
  detail: ServiceRequest['detail'],
  n = 1,
): Promise<{ kind: 'asked'; request: ServiceRequest; terms: Terms } | Stuck> {
  const { opId, trace } = course.envelope;
  const attempt = await ledger.writeAttempt(opId, `${step}.1`, n, null);
  if (attempt.kind === 'conflict') return { kind: 'stuck', reason: attempt.reason };
  const { reference, replayed } = attempt;
  const terms = replayed ? { heldAt: since, replayed } : { heldAt: now() };
  return { kind: 'asked', request: { step, reference, detail, trace }, terms };
}

/** The ledger's side of an operation of several steps. */
interface LedgerSide {
  accept(): Promise<Accepted | Fulfilled | Fail>;
  turn(code: RefusalCode): Promise<Turned | Conflict>;
  end(): Promise<Fulfilled | Fail | Conflict>;
}

/**
 * Walks an operation through its steps: `taken` does them in their order, and gives why it stopped,
 * or nothing when all of them were done. What was refused is given back, the last step first.
 */
export async function walkedSteps(
  course: Course,
  { accept, turn, end }: LedgerSide,
  taken: (steps: StepsTaken) => Promise<Refused | Stuck | undefined>,
): Promise<PaymentResult | Stuck> {
  const accepted = await accept();
  if (accepted.kind !== 'accepted') return accepted;
  setCurrentDetails(`**Accepted**: ${described(course)}.`);
  const steps = beginSteps(course, accepted);
  const refusal = await taken(steps);
  if (refusal?.kind === 'stuck') return refusal;
  course.wishes.open = false;
  if (refusal !== undefined) {
    const turned = await turn(refusal.code);
    if (turned.kind === 'conflict') return { kind: 'stuck', reason: turned.reason };
    course.returns ??= { kind: 'never-charged', code: turned.code };
    for (const back of steps.backs.toReversed()) {
      const stuck = await back();
      if (stuck !== undefined) return stuck;
    }
  }
  const ended = await end();
  if (ended.kind !== 'conflict') return ended;
  return { kind: 'stuck', reason: `the ledger does not end it: ${ended.reason}` };
}
