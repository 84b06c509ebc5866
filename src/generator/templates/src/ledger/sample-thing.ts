import type { Database } from '../database/index.js';
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

/** The verbs of a sample thing, each one statement. */
export function sampleThingVerbs(database: Database) {
  return {
    /** Writes its row. Refuses: idempotency-key-reused; one that ended tells its end. */
    acceptSampleThing: (
      envelope: Envelope<SampleThingCommand>,
    ): Promise<Accepted | Fulfilled | Fail> =>
      database.call('ledger.accept_sample_thing_v1', envelope),
    /** Decides that it only gives back from now on; `code` is how it will be refused. */
    turnSampleThing: (opId: OpId, code: RefusalCode): Promise<Turned | Conflict> =>
      database.call('ledger.turn_sample_thing_v1', opId, code),
    /** Ends it: done when it is paid, refused when it was turned and all money is back. */
    endSampleThing: (opId: OpId): Promise<Fulfilled | Fail | Conflict> =>
      database.call('ledger.end_sample_thing_v1', opId),
  };
}
