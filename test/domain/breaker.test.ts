import { describe, expect, test } from 'vitest';
import {
  admits,
  afterFailure,
  afterSuccess,
  type BreakerProfile,
  type BreakerState,
  breakerAt,
  breakerEventOf,
  breakerProfiles,
  closedBreaker,
  isolatedBreaker,
  shareOf,
} from '../../src/domain/index.js';

const { payments, objects, bestEffort } = breakerProfiles;
const t0 = 1_800_000_000_000;
const open = (at = 0): BreakerState => ({ mode: 'open', sinceMs: t0 + at });
const recovering = (stage: number, at: number): BreakerState => ({
  mode: 'recovering',
  stage,
  sinceMs: t0 + at,
});
const isolated = isolatedBreaker(t0);

/** A closed breaker after these calls, `F` or `S`, one each `everyMs`. */
function after(
  calls: string,
  { profile = payments, everyMs = 1 }: { profile?: BreakerProfile; everyMs?: number } = {},
): BreakerState {
  return Array.from(calls).reduce<BreakerState>((state, call, n) => {
    const now = t0 + n * everyMs;
    return call === 'F' ? afterFailure(state, profile, now) : afterSuccess(state, profile, now);
  }, closedBreaker);
}

describe('time', () => {
  test.each<[BreakerState['mode'], number, BreakerState, BreakerState]>([
    ['open', 59_999, open(), open()],
    ['open', 60_000, open(), recovering(0, 60_000)],
    ['open', 89_999, open(), recovering(0, 60_000)],
    ['open', 90_000, open(), recovering(1, 90_000)],
    ['open', 119_999, open(), recovering(1, 90_000)],
    ['open', 120_000, open(), closedBreaker],
    ['recovering', 89_999, recovering(0, 60_000), recovering(0, 60_000)],
    ['recovering', 90_000, recovering(0, 60_000), recovering(1, 90_000)],
    ['recovering', 120_000, recovering(0, 60_000), closedBreaker],
    ['recovering', 0, recovering(1, 90_000), recovering(1, 90_000)],
    ['closed', 9_999_999, closedBreaker, closedBreaker],
    ['isolated', 9_999_999, isolated, isolated],
  ])('leads from %s after %i ms to where it should', (_, afterMs, from, to) => {
    expect(breakerAt(from, payments, t0 + afterMs)).toEqual(to);
  });
});

describe('a closed breaker', () => {
  test.each<[string, BreakerProfile, string, string]>([
    ['2nd', payments, 'FF', 'closed'],
    ['3rd', payments, 'FFF', 'open'],
    ['3rd after a success', payments, 'FFSF', 'closed'],
    ['3rd in a row after a success', payments, 'FFSFFF', 'open'],
    ['4th', objects, 'FFFF', 'closed'],
    ['5th', objects, 'FFFFF', 'open'],
    ['9th', bestEffort, 'FFFFFFFFF', 'closed'],
    ['10th', bestEffort, 'FFFFFFFFFF', 'open'],
    ['19th call, 10 of them bad', payments, `${'FS'.repeat(9)}F`, 'closed'],
    ['20th call, half of them bad', payments, 'FS'.repeat(10), 'open'],
    ['20th call where nothing counts the part', objects, 'FS'.repeat(10), 'closed'],
  ])('at the %s failure or call, is as its profile says (%#)', (_, profile, calls, mode) => {
    expect(after(calls, { profile }).mode).toBe(mode);
  });

  test('opens at the moment of its last failure', () => {
    expect(after('FFF', { everyMs: 10 })).toEqual(open(20));
  });

  test.each<[number, string]>([
    // Twenty calls over 19 times so long: the first failure counts until it is 30 s old.
    [1_578, 'open'],
    [1_579, 'closed'],
  ])('counts calls that lie %i ms apart if all of them are within 30 s', (everyMs, mode) => {
    expect(after('FS'.repeat(10), { everyMs }).mode).toBe(mode);
  });

  test('forgets a call that is exactly 30 s old', () => {
    const one = after('F');
    const recent = (now: number) => afterFailure(one, payments, now);

    expect(recent(t0 + 29_999)).toMatchObject({ recent: [{ failures: 1 }, { failures: 1 }] });
    expect(recent(t0 + 30_000)).toMatchObject({ recent: [{ failures: 1 }] });
  });

  test.each<[number, string]>([
    [10, 'open'],
    [11, 'closed'],
  ])('weighs ten failures against %i successes told of late', (unheard, mode) => {
    const nine = after('FS'.repeat(9));
    const half = { ...nine, recent: [{ atMs: t0, calls: 9, failures: 9 }] } as BreakerState;

    expect(afterFailure(half, payments, t0, unheard).mode).toBe(mode);
  });

  test('is not changed by a success while nothing fails', () => {
    expect(afterSuccess(closedBreaker, payments, t0)).toBe(closedBreaker);
    const reset = after('FS');
    expect(afterSuccess(reset, payments, t0)).toBe(reset);
  });
});

describe('a breaker that is not closed', () => {
  test.each<[string, number, BreakerState]>([
    ['open', 59_999, open()],
    ['recovering at 10 %', 60_000, recovering(0, 60_000)],
    ['recovering at 50 %', 119_999, recovering(1, 90_000)],
    ['isolated', 0, isolated],
  ])('stays %s after a success', (_, afterMs, state) => {
    expect(afterSuccess(state, payments, t0 + afterMs)).toBe(state);
  });

  test.each<[string, number, BreakerState, BreakerState]>([
    ['open, where it adds nothing', 59_999, open(), open()],
    ['open for the full time, at 60 s', 60_000, open(), open(60_000)],
    ['open for the full time, at 10 %', 89_999, recovering(0, 60_000), open(89_999)],
    ['open for the full time, at 50 %', 119_999, recovering(1, 90_000), open(119_999)],
    ['isolated', 120_000, isolated, isolated],
  ])('is after a failure %s', (_, afterMs, state, expected) => {
    expect(afterFailure(state, payments, t0 + afterMs)).toEqual(expected);
  });

  test('counts anew once it has recovered', () => {
    const state = afterFailure(open(), payments, t0 + 120_000);

    expect(state).toMatchObject({ mode: 'closed', failuresInRow: 1 });
  });
});

describe('admission', () => {
  test.each<[BreakerState, number, number, number | 'yes']>([
    [closedBreaker, 0, 0.999, 'yes'],
    [after('FF'), 0, 0.999, 'yes'],
    [open(), 0, 0, 60_000],
    [open(), 59_999, 0.099, 60_000],
    [open(), 0, 0.1, 90_000],
    [open(), 0, 0.499, 90_000],
    [open(), 0, 0.5, 120_000],
    [open(), 60_000, 0, 'yes'],
    [open(), 60_000, 0.099, 'yes'],
    [open(), 60_000, 0.1, 90_000],
    [open(), 89_999, 0.5, 120_000],
    [open(), 90_000, 0.499, 'yes'],
    [open(), 90_000, 0.5, 120_000],
    [open(), 119_999, 0.5, 120_000],
    [open(), 120_000, 0.999, 'yes'],
    [isolated, 500_000, 0, 560_000],
  ])('%j after %i ms answers a share of %d with %s', (state, afterMs, share, expected) => {
    expect(admits(state, payments, t0 + afterMs, share)).toEqual(
      expected === 'yes' ? { kind: 'yes' } : { kind: 'no', retryAtMs: t0 + expected },
    );
  });

  test('lets out about a tenth of many keys, the same ones each time they ask', () => {
    const keys = Array.from({ length: 2_000 }, (_, n) => `op_${n}:charge.1:1`);
    const admitted = () =>
      keys.filter((key) => admits(open(), payments, t0 + 60_000, shareOf(key)).kind === 'yes');

    expect(admitted().length).toBeGreaterThan(160);
    expect(admitted().length).toBeLessThan(240);
    expect(admitted()).toEqual(admitted());
  });
});

test.each<[BreakerState, BreakerState, string | undefined]>([
  [closedBreaker, after('F'), undefined],
  [closedBreaker, open(), 'breaker.opened'],
  [open(), open(), undefined],
  [open(), open(60_000), 'breaker.opened'],
  [open(), recovering(0, 60_000), 'breaker.recovering'],
  [recovering(0, 60_000), recovering(1, 90_000), undefined],
  [recovering(1, 90_000), open(95_000), 'breaker.opened'],
  [recovering(1, 90_000), closedBreaker, 'breaker.closed'],
  [closedBreaker, isolated, 'breaker.isolated'],
])('from %j to %j is the event %s', (before, later, event) => {
  expect(breakerEventOf(before, later)).toBe(event);
});
