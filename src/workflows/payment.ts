import { condition, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import {
  type Envelope,
  type Held,
  type PaymentCommand,
  type PaymentResult,
  type ReleaseBecause,
  type Scheduled,
  unreachable,
} from '../domain/index.js';
import { unapproved } from './approval.js';
import { now } from './clock.js';
import {
  beginCourse,
  budgetEndsAt,
  type Course,
  described,
  endOf,
  ledger,
  type Stuck,
  untilEnded,
} from './course.js';
import { heldUntilClosed, listenForHold } from './held-payment.js';
import { listenForMethod } from './method.js';
import { authorizedBefore, type OpenHold } from './open-hold.js';
import { certainOf, isOurs } from './outside.js';
import type { Certain } from './provider-step.js';
import { writesRowFirst } from './versions.js';

/**
 * Takes one payment from command to settled, refused or parked. Nothing stops it half-way:
 * stopping is a request.
 */
export async function payment(asked: Envelope<PaymentCommand>): Promise<PaymentResult> {
  const startedAt = workflowInfo().startTime.getTime();
  const beginsAt = Math.max(startedAt, asked.command.payload.scheduledAt ?? 0);
  const course = beginCourse(asked, beginsAt);
  const hold = listenForHold(course);
  listenForMethod(course);
  return untilEnded(course, () => walk(course, hold));
}

async function walk(
  course: Course<PaymentCommand>,
  hold: OpenHold,
): Promise<PaymentResult | Stuck> {
  const { envelope, wishes } = course;
  const scheduled = await untilScheduled(course);
  if (scheduled.kind !== 'scheduled') return scheduled;
  const held = await ledger.reservePayment(envelope);
  if (held.kind !== 'held') return held;
  setCurrentDetails(`**Held**: ${described(course)}.`);

  const verdict =
    course.returns ?? (await unapproved(course, held)) ?? (await verdictOf(course, held));
  wishes.open = false;
  if (isOurs(verdict)) course.returns = verdict as ReleaseBecause;
  switch (verdict.kind) {
    case 'captured':
    case 'internal':
      return endOf(await ledger.settlePayment(envelope.opId, verdict));
    case 'authorized':
      return heldUntilClosed(course, hold, held, verdict);
    case 'declined':
    case 'withdrawn':
    case 'never-charged':
    case 'fenced':
      return endOf(await ledger.releasePayment(envelope, verdict));
    case 'voided':
      return endOf(await ledger.releasePayment(envelope, { code: 'hold-expired', ...verdict }));
    case 'stuck':
      return verdict;
    case 'confirmed':
    case 'refunded':
    case 'paid-out':
      return { kind: 'stuck', reason: `the provider says ${verdict.kind} of a charge` };
    default:
      return unreachable(verdict);
  }
}

/** Waits for the moment at which it is to begin, with its row written, or for a withdrawal. */
async function untilScheduled({ envelope, wishes }: Course<PaymentCommand>) {
  const { acceptedAt: beginsAt, opId } = envelope;
  const scheduled: Scheduled = { kind: 'scheduled', opId };
  if (beginsAt <= now()) return scheduled;
  if (writesRowFirst()) {
    const acceptedAt = workflowInfo().startTime.getTime();
    const known = await ledger.schedulePayment({ ...envelope, acceptedAt });
    if (known.kind !== 'scheduled') return known;
  }
  if (beginsAt > now()) await condition(() => wishes.withdrawn, beginsAt - now());
  return scheduled;
}

type Verdict = Certain | { readonly kind: 'internal' } | ReleaseBecause | Stuck;

async function verdictOf(course: Course<PaymentCommand>, held: Held): Promise<Verdict> {
  const { envelope, wishes } = course;
  const { method, capture } = envelope.command.payload;
  if (method === 'balance') {
    wishes.open = false;
    return { kind: wishes.withdrawn ? 'withdrawn' : 'internal' };
  }
  // Chosen before this run, which was told so by the ledger.
  if (held.method === 'balance') return { kind: 'internal' };
  const before = authorizedBefore(held);
  if (before !== undefined) return before;
  const { reference, minor, currency, heldAt, expiresAt, replayed } = held;
  const request = {
    step: capture === 'automatic' ? ('charge' as const) : ('authorize' as const),
    ...{ reference, amount: { minor, currency }, trace: envelope.trace },
  };
  const answer = await certainOf(course, request, {
    ...{ endsAt: budgetEndsAt(course), heldAt, ...(replayed && { replayed }) },
    ...(expiresAt !== undefined && { lapsesAt: expiresAt }),
  });
  if (course.chosen === undefined) return answer;
  const chosen = await ledger.chooseMethod(envelope.opId, course.chosen);
  return chosen.kind === 'conflict' ? { ...chosen, kind: 'stuck' } : { kind: 'internal' };
}
