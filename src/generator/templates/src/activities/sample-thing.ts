import type {
  Accepted,
  Conflict,
  Envelope,
  Fail,
  Fulfilled,
  OpId,
  SampleThingCommand,
  RefusalCode,
  Turned,
} from '../domain/index.js';
import type { Ledger } from '../ledger/index.js';
import { type DatabaseFault, faultsOf } from './faults.js';

/** The ledger's side of a sample thing: its money is that of the payment that it starts. */
export interface SampleThingLedgerSteps {
  acceptSampleThing(envelope: Envelope<SampleThingCommand>): Promise<Accepted | Fulfilled | Fail>;
  turnSampleThing(opId: OpId, code: RefusalCode): Promise<Turned | Conflict>;
  endSampleThing(opId: OpId): Promise<Fulfilled | Fail | Conflict>;
}

/** The ledger steps that only sample things take. */
export function sampleThingActivities(deps: {
  readonly ledger: Ledger;
  readonly classify: (error: unknown) => DatabaseFault;
}): SampleThingLedgerSteps {
  const { acceptSampleThing, turnSampleThing, endSampleThing } = deps.ledger;
  return faultsOf(deps.classify, { acceptSampleThing, turnSampleThing, endSampleThing });
}
