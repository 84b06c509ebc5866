import {
  CancellationScope,
  condition,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { RideLedgerSteps } from '../activities/ride.js';
import {
  type Authorized,
  authoriseMsMax,
  bookingMsMax,
  type Envelope,
  type Held,
  matchMsMax,
  type PaymentResult,
  type ReleaseBecause,
  type RideCommand,
  type RideMatch,
  rideMsMax,
} from '../domain/index.js';
import { now } from './clock.js';
import {
  beginCourse,
  type Course,
  described,
  endOf,
  ledger,
  note,
  type Stuck,
  untilEnded,
} from './course.js';
import { heldUntilClosed } from './held-payment.js';
import { ledgerSteps } from './ledger-step.js';
import { authorizedBefore, promiseExtension, promiseLetGo } from './open-hold.js';
import { canRelease } from './outgoing.js';
import { certainOf, isOurs } from './outside.js';
import type { Certain } from './provider-step.js';
import { payDriver } from './ride-payout.js';
import { type Booking, listenForRide } from './ride-wishes.js';
import { countsFromTheHold } from './versions.js';

const rides = ledgerSteps<RideLedgerSteps>();

/**
 * Takes a ride from its request to its fare. Nothing is held until a driver is found; what is held
 * ends by a completion, a cancellation, or its time.
 */
export async function ride(asked: Envelope<RideCommand>): Promise<PaymentResult> {
  const startedAt = workflowInfo().startTime.getTime();
  const course = beginCourse({ ...asked, timeBudgetMs: bookingMsMax }, startedAt);
  const booking = listenForRide(course);
  const ended = await untilEnded(course, () => walk(course, booking));
  // By hand too: the payout follows what was taken.
  if (ended.kind === 'settled') {
    const { match } = booking.ride;
    await CancellationScope.nonCancellable(() => payDriver(course.envelope, match, ended));
  }
  return ended;
}

async function walk(course: Course<RideCommand>, booking: Booking): Promise<PaymentResult | Stuck> {
  const { envelope } = course;
  const requested = await rides.requestRide(envelope);
  if (requested.kind !== 'requested') return requested;
  // Another run was told who drives, and held the money for it.
  if (requested.match !== undefined) booking.ride = { ...booking.ride, match: requested.match };
  const match = requested.match ?? (await driverOf(course, booking));
  if (match === undefined) return unmatched(course, booking);

  const held = await rides.reserveRide(envelope, match);
  if (held.kind !== 'held') return held;
  setCurrentDetails(`**Held**: ${described(course)}.`);
  if (booking.matchedAt === 0 && countsFromTheHold()) booking.matchedAt = held.heldAt;
  const verdict = course.returns ?? (await verdictOf(course, booking, held));
  if (verdict.kind === 'stuck') return verdict;
  if (verdict.kind === 'authorized') {
    book(course, booking, verdict);
    return heldUntilClosed(course, booking.hold, held, verdict);
  }
  return unbooked(course, booking, verdict);
}

/** Waits for a driver, in time; from then on none is taken, nor a second one. */
async function driverOf(course: Course, booking: Booking): Promise<RideMatch | undefined> {
  const { envelope, wishes } = course;
  const waitMs = envelope.acceptedAt + matchMsMax - now();
  const isOver = () => booking.ride.match !== undefined || wishes.withdrawn;
  if (!isOver() && waitMs > 0) await condition(isOver, waitMs);
  const match = wishes.withdrawn ? undefined : booking.ride.match;
  if (match === undefined) close(course, booking);
  return match;
}

async function unmatched(
  { envelope, wishes }: Course,
  { ride: { ending } }: Booking,
): Promise<PaymentResult | Stuck> {
  const by = ending?.kind === 'cancelled' ? `cancelled by the ${ending.by}` : 'it was withdrawn';
  return endOf(
    wishes.withdrawn
      ? await rides.endRide(envelope.opId, 'withdrawn', by)
      : await rides.endRide(envelope.opId, 'no-driver', 'no driver was found in time'),
  );
}

async function verdictOf(course: Course, { matchedAt }: Booking, held: Held) {
  const before = authorizedBefore(held);
  if (before !== undefined) return before;
  const { envelope } = course;
  const { reference, minor, currency, heldAt, replayed } = held;
  const bookedBy = envelope.acceptedAt + envelope.timeBudgetMs;
  const answer = await certainOf(
    course,
    { step: 'authorize', reference, amount: { minor, currency }, trace: envelope.trace },
    {
      ...{ endsAt: Math.min(matchedAt + authoriseMsMax, bookedBy), heldAt, defers: false },
      ...(replayed && { replayed }),
    },
  );
  if (isOurs(answer)) course.returns = answer as ReleaseBecause;
  return answer;
}

/** The ride may begin, and its hold lasts as long; unless it was authorised too late for that. */
function book(
  course: Course,
  booking: Booking,
  { expiresAt = Number.POSITIVE_INFINITY }: Authorized,
): void {
  const { envelope, wishes } = course;
  if (booking.booked) return;
  booking.booked = true;
  if (wishes.withdrawn) return;
  if (now() <= envelope.acceptedAt + envelope.timeBudgetMs) {
    promiseExtension(booking.hold, Math.min(now() + rideMsMax, expiresAt));
  } else {
    close(course, booking);
    promiseLetGo(booking.hold, wishes, 'time-budget-exceeded');
  }
}

/** Nothing was authorised: hold, match and request end in one statement. */
async function unbooked(
  course: Course,
  booking: Booking,
  verdict: Certain | ReleaseBecause,
): Promise<PaymentResult | Stuck> {
  const { ending } = booking.ride;
  close(course, booking);
  if (ending?.kind === 'cancelled') {
    await note(course, 'charging', `cancelled by the ${ending.by}`, 'ride.cancelled');
  }
  const { envelope } = course;
  if (verdict.kind === 'voided') {
    return endOf(await ledger.releasePayment(envelope, { code: 'hold-expired', ...verdict }));
  }
  if (canRelease(verdict)) return endOf(await ledger.releasePayment(envelope, verdict));
  return { kind: 'stuck', reason: `the provider says ${verdict.kind} of an authorisation` };
}

function close({ wishes }: Course, booking: Booking): void {
  booking.ride = { ...booking.ride, closed: true };
  wishes.open = false;
}
