import { setHandler } from '@temporalio/workflow';
import { judgeCancel, judgeCompletion, judgeMatch, type Ride, splitFare } from '../domain/index.js';
import { now } from './clock.js';
import type { Course } from './course.js';
import {
  noHoldYet,
  type OpenHold,
  promiseCapture,
  promiseLetGo,
  promiseSaying,
} from './open-hold.js';
import { cancel, complete, match } from './messages.js';
import { chargesTheRest } from './versions.js';

/** A ride from its request on: what was accepted about it, and what is held for it. */
export interface Booking {
  ride: Ride;
  readonly hold: OpenHold;
  /** When the driver was found, epoch milliseconds; 0 while nobody told this run. */
  matchedAt: number;
  /** True once what becomes of the authorisation was decided. */
  booked: boolean;
}

/** Hears wishes about the ride from now on. */
export function listenForRide({ envelope, wishes }: Course): Booking {
  const { account: rider } = envelope.command.payload;
  const hold = noHoldYet();
  const booking: Booking = {
    ...{ ride: { rider: rider as Ride['rider'], closed: false }, hold },
    ...{ matchedAt: 0, booked: false },
  };
  const seen = (): Ride => {
    const { ride } = booking;
    const isWithdrawn = wishes.withdrawn && ride.ending === undefined;
    const { holding } = hold;
    return { ...ride, closed: ride.closed || isWithdrawn, ...(holding && { holding }) };
  };
  setHandler(match, (found) => {
    const judged = judgeMatch(seen(), found);
    if (judged.kind === 'refused' || booking.ride.match !== undefined) return judged;
    booking.ride = { ...booking.ride, match: found };
    booking.matchedAt = now();
    return judged;
  });
  setHandler(complete, (amount) => {
    const judged = judgeCompletion(seen(), amount);
    const { holding } = hold;
    if (judged.kind === 'refused' || holding === undefined || holding.closing) return judged;
    const { minor, rest } = splitFare(holding, amount);
    if (rest > 0 && !chargesTheRest()) return { kind: 'refused', code: 'capture-exceeds-hold' };
    booking.ride = { ...booking.ride, ending: { kind: 'completed', amount } };
    const more = rest > 0 ? { rest } : {};
    return promiseCapture(hold, wishes, { amount: minor, final: true, ...more });
  });
  setHandler(cancel, (by) => {
    const judged = judgeCancel(seen(), by);
    if (judged.kind === 'refused') return judged;
    if (booking.ride.ending?.kind === 'cancelled') return { kind: 'accepted' };
    booking.ride = { ...booking.ride, ending: { kind: 'cancelled', by } };
    promiseSaying(hold, `cancelled by the ${by}`, 'ride.cancelled');
    // Not booked yet: who waits stops waiting, and what was authorised meanwhile is let go.
    if (hold.holding === undefined) wishes.withdrawn = wishes.verify = true;
    else if (judged.fee === 0) promiseLetGo(hold, wishes, 'withdrawn');
    else promiseCapture(hold, wishes, { amount: judged.fee, final: true, orElse: 'withdrawn' });
    return { kind: 'accepted' };
  });
  return booking;
}
