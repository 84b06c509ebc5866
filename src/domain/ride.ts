// A ride as the workflow that owns it judges wishes about it. The one thread of the workflow makes
// the order, so that of a completion, a cancellation and an expiry exactly one wins.

import type { Command } from './command.js';
import { commands } from './command.js';
import type { Currency } from './currency.js';
import { type Parsed, readObject } from './faults.js';
import { type CaptureRefusal, captureMax, type Holding, judgeCapture } from './holding.js';
import type { AccountId, OpId } from './ids.js';
import { least, minus } from './money.js';
import { destinationForm } from './payout.js';

/** What a ride asks for. */
export interface RidePayload {
  /** The rider, who pays. */
  readonly account: AccountId;
  /** The estimate, in whole minor units. */
  readonly amount: number;
  readonly currency: Currency;
}

export type RideCommand = Command<RidePayload> & {
  readonly domain: typeof commands.ride.domain;
  readonly eventType: typeof commands.ride.eventType;
};

/** Who drives. */
export interface RideMatch {
  /** The account that the fare goes to. */
  readonly driver: AccountId;
  /** The provider's token of where the driver is paid out; without it the fare stays in there. */
  readonly destination?: string;
}

/** The ledger has the ride's row, and holds nothing. `match` is one that was held before. */
export interface RideRequested {
  readonly kind: 'requested';
  readonly opId: OpId;
  readonly match?: RideMatch;
}

export const rideParties = ['rider', 'driver'] as const;
export type RideParty = (typeof rideParties)[number];

/** How a ride is to end, once that was accepted. */
export type RideEnding =
  | { readonly kind: 'completed'; readonly amount: number }
  | { readonly kind: 'cancelled'; readonly by: RideParty };

/** A ride under way. */
export interface Ride {
  readonly rider: AccountId;
  readonly match?: RideMatch;
  /** What is held for it; absent until it is authorised. */
  readonly holding?: Holding;
  readonly ending?: RideEnding;
  /** True once nothing more is accepted: nobody was found in time, or it was withdrawn. */
  readonly closed: boolean;
}

/** Whether a wish about a ride won; it is carried out after the answer. */
export type RideAnswer = { readonly kind: 'accepted' } | RideRefusal;

export type RideRefusal =
  | CaptureRefusal
  | { readonly kind: 'refused'; readonly code: 'same-account' };

/** What a cancellation costs the rider, and whether it was accepted at all. */
export type JudgedCancel = { readonly kind: 'accepted'; readonly fee: number } | RideRefusal;

/** Found a driver in this time, or the ride ends as `no-driver`. */
export const matchMsMax = 5 * 60_000;
/** The estimate's authorisation begins in this time after the match, or not at all. */
export const authoriseMsMax = 30_000;
/** The booking is whole in this time after the request, or it is given back. */
export const bookingMsMax = 10 * 60_000;
/** How long a ride may take after its booking, and its hold lasts. */
export const rideMsMax = 36 * 3_600_000;
/** What a rider who cancels a booked ride pays at most, in minor units; never more than held. */
export const cancelFeeMax = 500;

/** Judges a match. The same once more changes nothing; another driver half-way is refused. */
export function judgeMatch(ride: Ride, { driver, destination }: RideMatch): RideAnswer {
  if (driver === ride.rider) return { kind: 'refused', code: 'same-account' };
  if (ride.closed || ride.ending !== undefined) return tooLate;
  if (ride.match === undefined) return accepted;
  const isSame = ride.match.driver === driver && ride.match.destination === destination;
  return isSame ? accepted : tooLate;
}

/** Judges a completion for `amount`: only a ride that is booked and goes on can be completed. */
export function judgeCompletion(ride: Ride, amount: number): RideAnswer {
  const { holding, ending, closed } = ride;
  if (holding === undefined || closed || ending?.kind === 'cancelled') return tooLate;
  // A completion that was refused afterwards leaves the hold open: then another may be asked for.
  if (holding.closing) {
    return ending?.kind === 'completed' && ending.amount === amount ? accepted : tooLate;
  }
  const judged = judgeCapture(holding, { amount: splitFare(holding, amount).minor, final: true });
  return judged.kind === 'accepted' ? accepted : judged;
}

/** A fare as it is taken: of the hold what that and its tolerance allow, then the rest. */
export function splitFare(
  holding: Holding,
  fare: number,
): { readonly minor: number; readonly rest: number } {
  const minor = least(fare, captureMax(holding));
  return { minor, rest: minus(fare, minor) };
}

/**
 * Judges a cancellation. A rider may always cancel until the ride ends, and pays a fee for one that
 * was booked; a driver may once there is one, and nobody pays for that.
 */
export function judgeCancel(ride: Ride, by: RideParty): JudgedCancel {
  const { holding, ending, match, closed } = ride;
  if (closed) return tooLate;
  if (ending?.kind === 'cancelled') return ending.by === by ? { ...accepted, fee: 0 } : tooLate;
  if (by === 'driver' && match === undefined) return tooLate;
  if (holding === undefined) return { ...accepted, fee: 0 };
  if (holding.closing) return tooLate;
  return { ...accepted, fee: by === 'rider' ? least(cancelFeeMax, holding.authorised) : 0 };
}

const accepted = { kind: 'accepted' } as const;
const tooLate = { kind: 'refused', code: 'invalid-state' } as const;

/** Reads a request for a ride. */
export function parseRideCommand(body: unknown, idemKey: string): Parsed<RideCommand> {
  return readObject(body, ['rider', 'estimate', 'currency', 'bizKey'], (read) => {
    const bizKey = read.optional('bizKey', (path) => read.label(path, 255));
    const { domain, eventType } = commands.ride;
    return {
      ...{ domain, eventType, idemKey },
      ...(bizKey !== undefined && { bizKey }),
      payload: {
        account: read.account('rider'),
        amount: read.amount('estimate'),
        currency: read.currency('currency'),
      },
    };
  });
}

/** Reads who drives. */
export function parseRideMatch(body: unknown): Parsed<RideMatch> {
  return readObject(body, ['driver', 'destination'], (read) => {
    const driver = read.account('driver');
    const destination = read.optional('destination', (path) =>
      read.label(path, 64, destinationForm),
    );
    return { driver, ...(destination !== undefined && { destination }) };
  });
}

/** Reads what a ride costs in the end. */
export function parseRideCompletion(body: unknown): Parsed<number> {
  return readObject(body, ['amount'], (read) => read.amount('amount'));
}

/** Reads who cancels. */
export function parseRideCancel(body: unknown): Parsed<RideParty> {
  return readObject(body, ['by'], (read) => read.oneOf('by', rideParties));
}
