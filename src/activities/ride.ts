import { Context } from '@temporalio/activity';
import type {
  Conflict,
  Envelope,
  Fail,
  Held,
  OpId,
  RefusalCode,
  RideCommand,
  RideMatch,
  RideRequested,
  Settled,
} from '../domain/index.js';
import type { Ledger } from '../ledger/index.js';
import { type DatabaseFault, faultsOf } from './faults.js';

/** The ledger's side of a ride until its estimate is held; from then on it is that of a payment. */
export interface RideLedgerSteps {
  requestRide(envelope: Envelope<RideCommand>): Promise<RideRequested | Settled | Fail>;
  reserveRide(envelope: Envelope<RideCommand>, match: RideMatch): Promise<Held | Settled | Fail>;
  endRide(opId: OpId, code: RefusalCode, message: string): Promise<Fail | Conflict>;
}

/** The ledger steps that only rides take. */
export function rideActivities(deps: {
  readonly ledger: Ledger;
  readonly classify: (error: unknown) => DatabaseFault;
}): RideLedgerSteps {
  const { ledger } = deps;
  return faultsOf(deps.classify, {
    requestRide: (envelope: Envelope<RideCommand>) => ledger.requestRide(envelope),
    reserveRide: (envelope: Envelope<RideCommand>, match: RideMatch) =>
      ledger.holdRide(envelope, match, Context.current().info.workflowExecution?.runId),
    endRide: (opId: OpId, code: RefusalCode, message: string) =>
      ledger.endRide(opId, code, message),
  });
}
