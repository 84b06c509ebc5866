import type { Database } from '../database/index.js';
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

/**
 * Opens a ride with nothing held. Refuses: account-unknown, account-closed, account-frozen,
 * currency-mismatch, idempotency-key-reused. A ride that has ended answers with its end.
 */
export function requestRide(database: Database) {
  return (envelope: Envelope<RideCommand>): Promise<RideRequested | Settled | Fail> =>
    database.call('ledger.request_ride_v1', envelope);
}

/** Sets the estimate aside on the rider for the driver. Refuses as `hold`. */
export function holdRide(database: Database) {
  return (
    envelope: Envelope<RideCommand>,
    match: RideMatch,
    run?: string,
  ): Promise<Held | Settled | Fail> =>
    database.call('ledger.hold_ride_v2', { ...envelope, run }, match);
}

/** Ends a ride of which nothing is held; one with a hold is a conflict. */
export function endRide(database: Database) {
  return (opId: OpId, code: RefusalCode, message: string): Promise<Fail | Conflict> =>
    database.call('ledger.end_ride_v1', opId, code, message);
}
