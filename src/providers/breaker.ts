import {
  admits,
  afterFailure,
  afterSuccess,
  type BreakerEvent,
  type BreakerProfile,
  type BreakerState,
  type BreakerStore,
  breakerAt,
  breakerEventOf,
  type CallTally,
  hearsSuccess,
  shareOf,
  tallied,
} from '../domain/index.js';
import { createBreakerSight } from './breaker-sight.js';

export type Admission =
  | { readonly kind: 'admitted' }
  /** Ask again after so many milliseconds; then it is let out, if nothing failed in between. */
  | { readonly kind: 'open'; readonly retryAfterMs: number };

/** What this worker knows of a provider that all workers call. */
export interface Breaker {
  /**
   * Whether the call of this key may go out. Rejects when the state cannot be read within a second:
   * without the database nothing that the call may bring could be written, so none is made.
   */
  admit(key: string): Promise<Admission>;
  /** Takes in how a call went; it is written behind the caller's back, and never throws. */
  report(outcome: 'ok' | 'failure', durationMs: number): void;
  /** Resolves when all that was reported is written, or given up because nobody took it. */
  settled(): Promise<void>;
}

export interface BreakerDeps {
  readonly provider: string;
  readonly profile: BreakerProfile;
  readonly store: BreakerStore;
  /** This worker's name, for the record. */
  readonly actor: string;
  /** Milliseconds that never run backwards, from any start; the process's own when left out. */
  readonly now?: () => number;
  /** Must not throw. */
  readonly onEvent?: (event: BreakerNotice) => void;
}

export type BreakerNotice =
  /** This worker turned it; every turn is told by one worker alone. */
  | { readonly kind: 'turned'; readonly provider: string; readonly event: BreakerEvent }
  /** This worker sees it at another mode than before. */
  | { readonly kind: 'seen'; readonly provider: string; readonly mode: BreakerState['mode'] }
  | { readonly kind: 'report-lost'; readonly provider: string; readonly error: unknown };

/** Each round some worker wins, and each has one write at a time under way. */
const racesMax = 50;

/** The breaker of one provider in one worker. */
export function createBreaker(deps: BreakerDeps): Breaker {
  const { provider, profile, store, actor, onEvent } = deps;
  const now = deps.now ?? (() => performance.now());
  const sight = createBreakerSight(store, provider, now, (mode) =>
    onEvent?.({ kind: 'seen', provider, mode }),
  );
  let writing: Promise<void> | undefined;
  let reports: Report[] = [];
  let unheard: readonly CallTally[] = [];

  /** One write at a time: what is reported meanwhile goes with the next, however much it is. */
  function tell(): void {
    writing ??= told()
      .catch((error: unknown) => {
        // Old news by the time the database is back; payments stood still as well.
        reports = [];
        onEvent?.({ kind: 'report-lost', provider, error });
      })
      .finally(() => {
        writing = undefined;
        if (reports.length > 0) tell();
      });
  }

  async function told(): Promise<void> {
    let { row, aheadMs } = await sight.known();
    const batch = reports;
    reports = [];
    for (let race = 1; race <= racesMax; race += 1) {
      const at = Math.round(now() + aheadMs);
      const before = breakerAt(row.state, profile, at);
      const heard = hear(before, profile, at, batch, unheard);
      const event = breakerEventOf(row.state, heard.state) ?? null;
      const changed = event !== null || heard.state !== before;
      const { epoch } = row;
      const change = { epoch, state: heard.state, event, actor };
      const written = changed ? await store.write(provider, change) : undefined;
      if (written !== undefined) ({ row, aheadMs } = sight.saw(written));
      if (written?.won === false) continue;
      unheard = heard.unheard;
      if (event !== null) onEvent?.({ kind: 'turned', provider, event });
      return;
    }
    throw new Error(`lost ${racesMax} races for the breaker of ${provider}`);
  }

  return {
    async admit(key) {
      const { row, aheadMs } = await sight.soon();
      const at = Math.round(now() + aheadMs);
      // Time turned it: whoever comes first writes that down.
      if (breakerEventOf(row.state, breakerAt(row.state, profile, at)) !== undefined) tell();
      const answer = admits(row.state, profile, at, shareOf(key));
      return answer.kind === 'yes'
        ? { kind: 'admitted' }
        : { kind: 'open', retryAfterMs: Math.max(1, answer.retryAtMs - at) };
    },
    report(outcome, durationMs) {
      const { slowMs = Number.POSITIVE_INFINITY } = profile;
      reports.push({ ok: outcome === 'ok' && durationMs <= slowMs });
      tell();
    },
    async settled() {
      while (writing !== undefined) await writing;
    },
  };
}

interface Report {
  readonly ok: boolean;
}

/** The state after all that was reported, and the successes that nobody asked for. */
function hear(
  before: BreakerState,
  profile: BreakerProfile,
  now: number,
  reports: readonly Report[],
  silent: readonly CallTally[],
): { readonly state: BreakerState; readonly unheard: readonly CallTally[] } {
  let state = before;
  let unheard = silent;
  for (const { ok } of reports) {
    if (ok && !hearsSuccess(state)) {
      // Its part of the calls is told with the next that matters, if one does within the window.
      if (profile.rate !== undefined && state.mode === 'closed') {
        unheard = tallied(unheard, profile.rate.windowMs, now, { calls: 1, failures: 0 });
      }
      continue;
    }
    const windowMs = profile.rate?.windowMs ?? 0;
    const calls = unheard
      .filter(({ atMs }) => atMs > now - windowMs)
      .reduce((sum, slot) => sum + slot.calls, 0);
    state = (ok ? afterSuccess : afterFailure)(state, profile, now, calls);
    unheard = [];
  }
  return { state, unheard };
}
