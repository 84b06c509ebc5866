import type { Client as TemporalClient } from '@temporalio/client';
import type { OpId, RideAnswer, RideMatch, RideParty } from '../domain/index.js';
import { cancel, complete, match } from '../workflows/messages.js';
import { unlessGone } from './unless-gone.js';

/** What a ride can be told. One that has ended, or never was, answers `invalid-state`. */
export interface RideWishes {
  /** Tells who drives. Refuses: same-account, invalid-state (too late, or another one drives). */
  matchRide(opId: OpId, found: RideMatch): Promise<RideAnswer>;
  /** Takes the fare, in minor units. Refuses: invalid-state, capture-exceeds-hold. */
  completeRide(opId: OpId, amount: number): Promise<RideAnswer>;
  /** Cancels. A rider pays a fee for a ride that was booked; a driver never does. */
  cancelRide(opId: OpId, by: RideParty): Promise<RideAnswer>;
}

/** Tells rides by their workflows. */
export function rideWishes(temporal: TemporalClient): RideWishes {
  const ride = (opId: OpId) => temporal.workflow.getHandle(opId);
  const gone: RideAnswer = { kind: 'refused', code: 'invalid-state' };
  return {
    matchRide: (opId, found) =>
      unlessGone(ride(opId).executeUpdate(match, { args: [found] }), gone),
    completeRide: (opId, amount) =>
      unlessGone(ride(opId).executeUpdate(complete, { args: [amount] }), gone),
    cancelRide: (opId, by) => unlessGone(ride(opId).executeUpdate(cancel, { args: [by] }), gone),
  };
}
