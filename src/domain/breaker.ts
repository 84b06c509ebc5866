import { sha256Hex } from './sha256.js';

/** When calls to one provider stop and how they begin again. Durations in milliseconds. */
export interface BreakerProfile {
  /** Opens at so many failures in a row, counted over all workers. */
  readonly failuresInRow: number;
  /** Opens too at this part of failures, where so many calls were made in the window. */
  readonly rate?: {
    readonly failuresPercent: number;
    readonly callsMin: number;
    readonly windowMs: number;
  };
  /** A good answer that took longer is a failure. */
  readonly slowMs?: number;
  readonly openMs: number;
  /** What part of the calls goes out after that, stage by stage, before all of them do. */
  readonly recovery: readonly { readonly share: number; readonly forMs: number }[];
}

const second = 1_000;
const recovery = [
  { share: 0.1, forMs: 30 * second },
  { share: 0.5, forMs: 30 * second },
] as const;

/** One for each sort of provider; `{ ...breakerProfiles.payments, openMs }` sets a time. */
export const breakerProfiles = {
  payments: {
    failuresInRow: 3,
    rate: { failuresPercent: 50, callsMin: 20, windowMs: 30 * second },
    slowMs: 5 * second,
    openMs: 60 * second,
    recovery,
  },
  objects: { failuresInRow: 5, openMs: 30 * second, recovery },
  /** What is nice to have: its caller declares a value to go on with. */
  bestEffort: { failuresInRow: 10, openMs: 15 * second, recovery },
} as const satisfies Record<string, BreakerProfile>;

/** The calls of a slot of time, and how many of them failed. */
export interface CallTally {
  readonly atMs: number;
  readonly calls: number;
  readonly failures: number;
}

/** Where a breaker stands. Plain data, written down as it is; moments in epoch milliseconds. */
export type BreakerState =
  | {
      readonly mode: 'closed';
      readonly failuresInRow: number;
      /** By slot, the oldest first; empty while nothing fails. */
      readonly recent: readonly CallTally[];
    }
  | { readonly mode: 'open'; readonly sinceMs: number }
  | { readonly mode: 'recovering'; readonly stage: number; readonly sinceMs: number }
  /** An operator's word: nothing goes out until it is reset. */
  | { readonly mode: 'isolated'; readonly sinceMs: number };

export type BreakerEvent =
  | 'breaker.opened'
  | 'breaker.recovering'
  | 'breaker.closed'
  | 'breaker.isolated'
  | 'breaker.reset';

/** A breaker as it is written down. `epoch` grows with every change; 0 before the first. */
export interface BreakerRow {
  readonly epoch: number;
  readonly state: BreakerState;
  /** The time of who keeps it, when it was read. */
  readonly nowMs: number;
}

/** Where breakers are kept, for all workers alike. */
export interface BreakerStore {
  read(provider: string): Promise<BreakerRow>;
  /** Writes the state if `epoch` is still the one read; gives what is there after that. */
  write(
    provider: string,
    change: {
      readonly epoch: number;
      readonly state: BreakerState;
      readonly event: BreakerEvent | null;
      /** Who did it: a worker's name or an operator's. */
      readonly actor: string;
    },
  ): Promise<BreakerRow & { readonly won: boolean }>;
}

/** What a person does with a breaker. */
export const breakerActs = ['isolate', 'reset'] as const;
export type BreakerAct = (typeof breakerActs)[number];

/** Who can move money outside, by the names of their profiles. */
export const paymentProviders = ['sandbox', 'stripe'] as const;

/** Who has a breaker: those, who carries notices to people, and the store of files. */
export const guardedProviders = [...paymentProviders, 'fcm', 'twilio', 'smtp', 'objects'] as const;
export type GuardedProvider = (typeof guardedProviders)[number];

/** Healthy: everything goes out, nothing failed. Also what a breaker is before its first change. */
export const closedBreaker: BreakerState = { mode: 'closed', failuresInRow: 0, recent: [] };

/** Nothing goes out until somebody resets it to `closedBreaker`. */
export function isolatedBreaker(now: number): BreakerState {
  return { mode: 'isolated', sinceMs: now };
}

/** The state that time has led to: itself while time changed nothing. */
export function breakerAt(state: BreakerState, profile: BreakerProfile, now: number): BreakerState {
  let at = state;
  // Each round goes one stage on, and the last stage leads to closed, which has no end.
  for (;;) {
    const endsAt = endOf(at, profile);
    if (now < endsAt) return at;
    at = following(at, profile, endsAt);
  }
}

/**
 * Whether a call of this share, 0 to below 1, may go out; if not, when to ask again: the moment it
 * will be let out if nothing fails until then.
 */
export function admits(
  state: BreakerState,
  profile: BreakerProfile,
  now: number,
  share: number,
): { readonly kind: 'yes' } | { readonly kind: 'no'; readonly retryAtMs: number } {
  let at = breakerAt(state, profile, now);
  // Only an operator ends it, and nobody knows when.
  if (at.mode === 'isolated') return { kind: 'no', retryAtMs: now + profile.openMs };
  if (share < admittedShare(at, profile)) return { kind: 'yes' };
  for (;;) {
    const endsAt = endOf(at, profile);
    at = following(at, profile, endsAt);
    if (share < admittedShare(at, profile)) return { kind: 'no', retryAtMs: endsAt };
  }
}

/**
 * After a call that went well. Given back itself where that changes nothing: time alone ends an
 * open breaker and its recovery.
 */
export function afterSuccess(
  state: BreakerState,
  profile: BreakerProfile,
  now: number,
  unheard = 0,
): BreakerState {
  const at = breakerAt(state, profile, now);
  if (at.mode !== 'closed' || !hearsSuccess(at)) return at;
  return counted({ ...at, failuresInRow: 0 }, profile, now, { calls: unheard + 1, failures: 0 });
}

/** After a failure; `unheard` is how many successes nobody was told of, as none was asked for. */
export function afterFailure(
  state: BreakerState,
  profile: BreakerProfile,
  now: number,
  unheard = 0,
): BreakerState {
  const at = breakerAt(state, profile, now);
  switch (at.mode) {
    case 'closed': {
      const failuresInRow = at.failuresInRow + 1;
      if (failuresInRow >= profile.failuresInRow) return { mode: 'open', sinceMs: now };
      return counted({ ...at, failuresInRow }, profile, now, { calls: unheard + 1, failures: 1 });
    }
    case 'recovering':
      return { mode: 'open', sinceMs: now };
    case 'open':
    case 'isolated':
      // A call that went out before says nothing new.
      return at;
  }
}

/** Whether a success would change anything: a healthy provider costs no word. */
export function hearsSuccess(state: BreakerState): boolean {
  return state.mode === 'closed' && state.failuresInRow > 0;
}

/** What to call the way from one state to another; undefined where only counts changed. */
export function breakerEventOf(
  before: BreakerState,
  after: BreakerState,
): Exclude<BreakerEvent, 'breaker.reset'> | undefined {
  if (after.mode === 'open') {
    const same = before.mode === 'open' && before.sinceMs === after.sinceMs;
    return same ? undefined : 'breaker.opened';
  }
  return after.mode === before.mode ? undefined : `breaker.${after.mode}`;
}

/** The share of a key: the same for ever, and evenly spread over 0 to below 1. */
export function shareOf(key: string): number {
  return Number.parseInt(sha256Hex(key).slice(0, 8), 16) / 2 ** 32;
}

/** The calls of one more slot; what lies a window back or further is left out. */
export function tallied(
  recent: readonly CallTally[],
  windowMs: number,
  now: number,
  { calls, failures }: Omit<CallTally, 'atMs'>,
): readonly CallTally[] {
  const slotMs = windowMs / slotsOfWindow;
  const atMs = Math.floor(now / slotMs) * slotMs;
  const kept = recent.filter((slot) => slot.atMs > now - windowMs && slot.atMs !== atMs);
  const same = recent.find((slot) => slot.atMs === atMs);
  return [
    ...kept,
    { atMs, calls: calls + (same?.calls ?? 0), failures: failures + (same?.failures ?? 0) },
  ];
}

/** So a window of 30 s is exact to one, in 30 numbers at most. */
const slotsOfWindow = 30;

function counted(
  state: BreakerState & { readonly mode: 'closed' },
  { rate }: BreakerProfile,
  now: number,
  more: Omit<CallTally, 'atMs'>,
): BreakerState {
  if (rate === undefined) return state;
  const recent = tallied(state.recent, rate.windowMs, now, more);
  const calls = recent.reduce((sum, slot) => sum + slot.calls, 0);
  const failures = recent.reduce((sum, slot) => sum + slot.failures, 0);
  const bad = calls >= rate.callsMin && failures * 100 >= calls * rate.failuresPercent;
  return bad ? { mode: 'open', sinceMs: now } : { ...state, recent };
}

/** When time alone leads on from it. */
function endOf(state: BreakerState, profile: BreakerProfile): number {
  switch (state.mode) {
    case 'open':
      return state.sinceMs + profile.openMs;
    case 'recovering':
      return state.sinceMs + (profile.recovery[state.stage]?.forMs ?? 0);
    case 'closed':
    case 'isolated':
      return Number.POSITIVE_INFINITY;
  }
}

function following(state: BreakerState, profile: BreakerProfile, sinceMs: number): BreakerState {
  const stage = state.mode === 'recovering' ? state.stage + 1 : 0;
  return stage < profile.recovery.length ? { mode: 'recovering', stage, sinceMs } : closedBreaker;
}

function admittedShare(state: BreakerState, profile: BreakerProfile): number {
  switch (state.mode) {
    case 'closed':
      return 1;
    case 'recovering':
      return profile.recovery[state.stage]?.share ?? 1;
    case 'open':
    case 'isolated':
      return 0;
  }
}
