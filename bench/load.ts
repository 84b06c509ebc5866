/** How much of it: so many acts, or as many as begin before the time is up. */
export interface Load {
  readonly count: number;
  /** Acts under way at once. */
  readonly inFlight: number;
  readonly atMostMs: number;
}

export interface Measured {
  readonly perSecond: number;
  /** Of each act, in the order of their ends. */
  readonly latenciesMs: readonly number[];
}

/** Begins an act whenever one ends, and measures; the first act that throws ends it. */
export async function underLoad(load: Load, act: () => Promise<void>): Promise<Measured> {
  const endsAt = performance.now() + load.atMostMs;
  const latenciesMs: number[] = [];
  let begun = 0;

  // Each lane over its own time, so that the last acts, with fewer beside them, do not count less.
  const lane = async () => {
    const laneFrom = performance.now();
    let done = 0;
    let now = laneFrom;
    while (begun < load.count && now < endsAt) {
      const from = now;
      begun += 1;
      await act();
      now = performance.now();
      latenciesMs.push(now - from);
      done += 1;
    }
    return done === 0 ? 0 : (1_000 * done) / (now - laneFrom);
  };

  const lanes = await Promise.all(Array.from({ length: load.inFlight }, lane));
  return { perSecond: lanes.reduce((sum, perSecond) => sum + perSecond, 0), latenciesMs };
}
