import { describe, expect, test } from 'vitest';
import {
  accountIdOf,
  judgeCancel,
  judgeCompletion,
  judgeMatch,
  parseRideCancel,
  parseRideCommand,
  parseRideCompletion,
  parseRideMatch,
  type Ride,
  type RideMatch,
  type RideParty,
  splitFare,
} from '../../src/domain/index.js';

const [rider, driver, other] = ['rider', 'driver', 'other'].map(accountIdOf) as [
  Ride['rider'],
  Ride['rider'],
  Ride['rider'],
];
const requested: Ride = { rider, closed: false };
const matched: Ride = { ...requested, match: { driver } };
const riding: Ride = {
  ...matched,
  holding: {
    ...{ captures: 'manual', authorised: 20_00, captured: 0, promised: 0, closing: false },
    tolerancePercent: 15,
  },
};
const closing = { ...riding.holding, closing: true } as NonNullable<Ride['holding']>;
const completing: Ride = {
  ...riding,
  holding: closing,
  ending: { kind: 'completed', amount: 20_00 },
};
const cancelled: Ride = { ...riding, holding: closing, ending: { kind: 'cancelled', by: 'rider' } };
const closed: Ride = { ...requested, closed: true };

const yes = { kind: 'accepted' };
const no = (code = 'invalid-state') => ({ kind: 'refused', code });

describe('a match', () => {
  test.each<[string, Ride, RideMatch, object]>([
    ['is taken by a ride that waits for one', requested, { driver }, yes],
    ['may name a destination', requested, { driver, destination: 'd' }, yes],
    ['told once more is the same', matched, { driver }, yes],
    ['told again while it rides is the same', riding, { driver }, yes],
    ['with another driver is too late', matched, { driver: other }, no()],
    ['with another destination is too late', matched, { driver, destination: 'd' }, no()],
    ['with the rider as driver is none', requested, { driver: rider }, no('same-account')],
    ['after the time for it is too late', closed, { driver }, no()],
    ['after a completion is too late', completing, { driver }, no()],
    ['after a cancellation is too late', cancelled, { driver }, no()],
  ])('%s', (_, ride, found, judged) => {
    expect(judgeMatch(ride, found)).toEqual(judged);
  });
});

describe('a completion', () => {
  test.each<[string, Ride, number, object]>([
    ['takes the estimate', riding, 20_00, yes],
    ['takes less', riding, 1, yes],
    ['takes as much more as the tolerance', riding, 23_00, yes],
    ['takes more than the tolerance, in two charges', riding, 23_01, yes],
    ['takes not nothing', riding, 0, no('capture-exceeds-hold')],
    ['takes not less than nothing', riding, -1, no('capture-exceeds-hold')],
    ['before a driver was found is too early', requested, 20_00, no()],
    ['before anything is held is too early', matched, 20_00, no()],
    ['told once more is the same', completing, 20_00, yes],
    ['with another amount is too late', completing, 19_00, no()],
    ['after a cancellation is too late', cancelled, 20_00, no()],
    ['after a withdrawal is too late', { ...riding, closed: true }, 20_00, no()],
    ['after the hold began to end is too late', { ...riding, holding: closing }, 20_00, no()],
    [
      'may be another one when the first was refused',
      { ...riding, ending: { kind: 'completed', amount: 22_00 } },
      20_00,
      yes,
    ],
  ])('%s', (_, ride, amount, judged) => {
    expect(judgeCompletion(ride, amount)).toEqual(judged);
  });
});

describe('a fare', () => {
  const held = riding.holding as NonNullable<Ride['holding']>;

  test.each<[string, Partial<typeof held>, number, object]>([
    ['within the hold is one charge', {}, 19_99, { minor: 19_99, rest: 0 }],
    ['within the tolerance is one charge', {}, 23_00, { minor: 23_00, rest: 0 }],
    ['beyond it is two', {}, 23_01, { minor: 23_00, rest: 1 }],
    ['far beyond it is two', {}, 90_00, { minor: 23_00, rest: 67_00 }],
    [
      'without a tolerance is split at the hold',
      { tolerancePercent: 0 },
      23_00,
      {
        ...{ minor: 20_00, rest: 3_00 },
      },
    ],
    [
      'of an odd hold rounds the tolerance down',
      { authorised: 19_99 },
      30_00,
      {
        ...{ minor: 22_98, rest: 7_02 },
      },
    ],
  ])('%s', (_, change, fare, parts) => {
    expect(splitFare({ ...held, ...change }, fare)).toEqual(parts);
  });
});

describe('a cancellation', () => {
  const pays = (fee: number) => ({ kind: 'accepted', fee });
  const short: Ride = { ...riding, holding: { ...closing, closing: false, authorised: 3_00 } };

  test.each<[string, Ride, RideParty, object]>([
    ['by the rider costs nothing before a driver is found', requested, 'rider', pays(0)],
    ['by a driver who is not there is none', requested, 'driver', no()],
    ['by the rider costs nothing before the booking', matched, 'rider', pays(0)],
    ['by the driver costs nothing before the booking', matched, 'driver', pays(0)],
    ['by the rider costs the fee of a booked ride', riding, 'rider', pays(5_00)],
    ['by the rider costs no more than is held', short, 'rider', pays(3_00)],
    ['by the driver costs nothing ever', riding, 'driver', pays(0)],
    ['told once more is the same', cancelled, 'rider', pays(0)],
    ['by the other one is too late', cancelled, 'driver', no()],
    ['after a completion is too late', completing, 'rider', no()],
    ['after the time for a driver is too late', closed, 'rider', no()],
    ['after the hold began to end is too late', { ...riding, holding: closing }, 'driver', no()],
  ])('%s', (_, ride, by, judged) => {
    expect(judgeCancel(ride, by)).toEqual(judged);
  });
});

describe('what a ride is asked and told', () => {
  const good = { rider: 'rider', estimate: 20_00, currency: 'EUR' };
  const ask = (change: object) => parseRideCommand({ ...good, ...change }, 'key-00000001');

  test('is a command whose account is the rider and whose amount is the estimate', () => {
    expect(ask({ bizKey: 'booking-1' })).toEqual({
      ok: true,
      value: {
        ...{ domain: 'Ride', eventType: 'RideRequested', idemKey: 'key-00000001' },
        bizKey: 'booking-1',
        payload: { account: rider, amount: 20_00, currency: 'EUR' },
      },
    });
  });

  test.each<[object, string, string]>([
    [{ estimate: 0 }, 'estimate', 'amount-not-positive'],
    [{ estimate: -1 }, 'estimate', 'amount-not-positive'],
    [{ estimate: Number.NaN }, 'estimate', 'amount-invalid'],
    [{ estimate: 12.5 }, 'estimate', 'amount-invalid'],
    [{ estimate: 1e15 }, 'estimate', 'amount-too-large'],
    [{ estimate: undefined }, 'estimate', 'field-required'],
    [{ rider: '../x' }, 'rider', 'account-invalid'],
    [{ currency: 'XXX' }, 'currency', 'currency-invalid'],
    [{ distance: -1 }, 'distance', 'unknown-field'],
    [{ fare: 1 }, 'fare', 'unknown-field'],
  ])('is refused with %o', (change, path, code) => {
    expect(ask(change)).toEqual({ ok: false, faults: [{ path, code }] });
  });

  test.each<[string, { ok: boolean }, object]>([
    ['no driver', parseRideMatch({}), { path: 'driver', code: 'field-required' }],
    [
      'a number as destination',
      parseRideMatch({ driver: 'd', destination: '12345678' }),
      { path: 'destination', code: 'text-invalid' },
    ],
    ['no fare', parseRideCompletion({}), { path: 'amount', code: 'field-required' }],
    ['a fare of 0', parseRideCompletion({ amount: 0 }), { code: 'amount-not-positive' }],
    ['nobody who cancels', parseRideCancel({}), { path: 'by', code: 'field-required' }],
    ['a stranger who cancels', parseRideCancel({ by: 'us' }), { code: 'field-invalid' }],
  ])('is refused with %s', (_, parsed, fault) => {
    expect(parsed).toMatchObject({ ok: false, faults: [fault] });
  });
});
