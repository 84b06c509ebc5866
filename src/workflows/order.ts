import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { OrderLedgerSteps } from '../activities/order.js';
import type { Envelope, OrderCommand, PaymentResult } from '../domain/index.js';
import { beginCourse, type Course, described, type Stuck, untilEnded } from './course.js';
import { ledgerSteps } from './ledger-step.js';
import {
  beginSteps,
  endedSteps,
  paid,
  type Refused,
  served,
  type StepsTaken,
} from './several-steps.js';

const ledger = ledgerSteps<OrderLedgerSteps>();

/** Takes an order from its money to its shipment, or gives all of it back. */
export async function order(asked: Envelope<OrderCommand>): Promise<PaymentResult> {
  const course = beginCourse(asked, workflowInfo().startTime.getTime());
  return untilEnded(course, () => walk(course));
}

async function walk(course: Course<OrderCommand>): Promise<PaymentResult | Stuck> {
  const { envelope } = course;
  const accepted = await ledger.acceptOrder(envelope);
  if (accepted.kind !== 'accepted') return accepted;
  setCurrentDetails(`**Accepted**: ${described(course)}.`);
  const steps = beginSteps(course, accepted);
  const refusal = await taken(steps, envelope.command.payload);
  if (refusal?.kind === 'stuck') return refusal;
  return endedSteps(steps, refusal, {
    turn: (code) => ledger.turnOrder(envelope.opId, code),
    end: () => ledger.endOrder(envelope.opId),
  });
}

/** The steps in their order; undefined when all of them were done. */
async function taken(
  steps: StepsTaken,
  payload: OrderCommand['payload'],
): Promise<Refused | Stuck | undefined> {
  const unpaid = await paid(steps, payload);
  if (unpaid !== undefined) return unpaid;

  const { items, amount, currency } = payload;
  const reserved = await served(
    steps,
    'reserveStock',
    { items, amount, currency },
    { back: 'releaseStock', code: 'out-of-stock' },
  );
  if (reserved.kind !== 'confirmed') return reserved;

  const shipped = await served(steps, 'ship', { items, amount, currency });
  if (shipped.kind !== 'confirmed') return shipped;
  return undefined;
}
