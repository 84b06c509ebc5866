/** How the chaos command tells the tests what to do; none of it is set among all the tests. */
export const chaosVariables = {
  seed: 'CHAOS_SEED',
  /** Set when sweeps take their full count, for so many milliseconds each at most. */
  sweepMs: 'CHAOS_SWEEP_MS',
  /** How many rounds of a sweep, in place of its full count. */
  rounds: 'CHAOS_ROUNDS',
  /** The one cell of a sweep over messages, as `socket/message/fault`. */
  cell: 'CHAOS_CELL',
} as const;
