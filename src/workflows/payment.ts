import { condition, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import {
  type Envelope,
  type Held,
  type PaymentCommand,
  type PaymentResult,
  type ReleaseBecause,
  unreachable,
} from '../domain/index.js';
import { now } from './clock.js';
import {
  beginCourse,
  type Course,
  described,
  endOf,
  ledger,
  type Stuck,
  untilEnded,
} from './course.js';
import { heldUntilClosed, listenForHold, type OpenHold } from './held-payment.js';
import { certainOf, isOurs } from './outside.js';
import type { Certain } from './provider-step.js';

/**
 * Takes one payment from command to settled, refused or parked. Nothing stops it half-way:
 * stopping is a request.
 */
export async function payment(asked: Envelope<PaymentCommand>): Promise<PaymentResult> {
  const startedAt = workflowInfo().startTime.getTime();
  const beginsAt = Math.max(startedAt, asked.command.payload.scheduledAt ?? 0);
  const course = beginCourse(asked, beginsAt);
  const hold = listenForHold(course);
  if (beginsAt > now()) await condition(() => course.wishes.withdrawn, beginsAt - now());

  return untilEnded(course, () => walk(course, hold));
}

async function walk(
  course: Course<PaymentCommand>,
  hold: OpenHold,
): Promise<PaymentResult | Stuck> {
  const { envelope, wishes } = course;
  const held = await ledger.reservePayment(envelope);
  if (held.kind !== 'held') return held;
  setCurrentDetails(`**Held**: ${described(course)}.`);

  const verdict = course.returns ?? (await verdictOf(course, held));
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
    case 'refunded':
    case 'paid-out':
      return { kind: 'stuck', reason: `the provider says ${verdict.kind} of a charge` };
    default:
      return unreachable(verdict);
  }
}

type Verdict = Certain | { readonly kind: 'internal' } | ReleaseBecause | Stuck;

async function verdictOf(course: Course<PaymentCommand>, held: Held): Promise<Verdict> {
  const { envelope, wishes } = course;
  const { method, capture } = envelope.command.payload;
  if (method === 'balance') {
    wishes.open = false;
    return { kind: wishes.withdrawn ? 'withdrawn' : 'internal' };
  }
  const { reference, minor, currency, heldAt, expiresAt, replayed } = held;
  const request = {
    step: capture === 'automatic' ? ('charge' as const) : ('authorize' as const),
    ...{ reference, amount: { minor, currency }, trace: envelope.trace },
  };
  const endsAt = envelope.acceptedAt + envelope.timeBudgetMs;
  return certainOf(course, request, {
    ...{ endsAt, heldAt, ...(replayed && { replayed }) },
    ...(expiresAt !== undefined && { lapsesAt: expiresAt }),
  });
}
