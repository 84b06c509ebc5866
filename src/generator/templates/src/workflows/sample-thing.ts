import { workflowInfo } from '@temporalio/workflow';
import type { SampleThingLedgerSteps } from '../activities/sample-thing.js';
import type { Envelope, SampleThingCommand, PaymentResult } from '../domain/index.js';
import { beginCourse, type Stuck, untilEnded } from './course.js';
import { ledgerSteps } from './ledger-step.js';
import { paid, type Refused, served, type StepsTaken, walkedSteps } from './several-steps.js';

const ledger = ledgerSteps<SampleThingLedgerSteps>();

/** Takes a sample thing through its steps, or gives all of it back. */
export async function sampleThing(asked: Envelope<SampleThingCommand>): Promise<PaymentResult> {
  const course = beginCourse(asked, workflowInfo().startTime.getTime());
  const { envelope } = course;
  const ofLedger = {
    accept: () => ledger.acceptSampleThing(envelope),
    turn: (code: Refused['code']) => ledger.turnSampleThing(envelope.opId, code),
    end: () => ledger.endSampleThing(envelope.opId),
  };
  const { payload } = envelope.command;
  return untilEnded(course, () => walkedSteps(course, ofLedger, (steps) => taken(steps, payload)));
}

/** The steps in their order; undefined when all of them were done. */
async function taken(
  steps: StepsTaken,
  payload: SampleThingCommand['payload'],
): Promise<Refused | Stuck | undefined> {
  const unpaid = await paid(steps, payload);
  if (unpaid !== undefined) return unpaid;
  // if steps
  // to fill: what the services are asked for
  const { amount, currency } = payload;
  const detail = { amount, currency };
  // end if

  // each step
  // if back
  const doWork = await served(steps, 'doWork', detail, { back: 'takeBack' });
  // else
  const doWork = await served(steps, 'doWork', detail);
  // end if
  if (doWork.kind !== 'confirmed') return doWork;

  // end each
  return undefined;
}
