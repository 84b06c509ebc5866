import { workflowInfo } from '@temporalio/workflow';
import type { OrderLedgerSteps } from '../activities/order.js';
import type { Envelope, OrderCommand, PaymentResult } from '../domain/index.js';
import { beginCourse, type Stuck, untilEnded } from './course.js';
import { ledgerSteps } from './ledger-step.js';
import { paid, type Refused, served, type StepsTaken, walkedSteps } from './several-steps.js';

const ledger = ledgerSteps<OrderLedgerSteps>();

/** Takes an order through its steps, or gives all of it back. */
export async function order(asked: Envelope<OrderCommand>): Promise<PaymentResult> {
  const course = beginCourse(asked, workflowInfo().startTime.getTime());
  const { envelope } = course;
  const ofLedger = {
    accept: () => ledger.acceptOrder(envelope),
    turn: (code: Refused['code']) => ledger.turnOrder(envelope.opId, code),
    end: () => ledger.endOrder(envelope.opId),
  };
  const { payload } = envelope.command;
  return untilEnded(course, () => walkedSteps(course, ofLedger, (steps) => taken(steps, payload)));
}

/** The steps in their order; undefined when all of them were done. */
async function taken(
  steps: StepsTaken,
  payload: OrderCommand['payload'],
): Promise<Refused | Stuck | undefined> {
  const unpaid = await paid(steps, payload);
  if (unpaid !== undefined) return unpaid;
  const { items, amount, currency } = payload;
  const detail = { items, amount, currency };

  const reserveStock = await served(steps, 'reserveStock', detail, {
    back: 'releaseStock',
    code: 'out-of-stock',
  });
  if (reserveStock.kind !== 'confirmed') return reserveStock;

  const ship = await served(steps, 'ship', detail);
  if (ship.kind !== 'confirmed') return ship;

  return undefined;
}
