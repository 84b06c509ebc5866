// The isolate replaces Date with Temporal's own clock: the time of the current task, the same at
// every replay. Workflows take it from here, so that the rule against clocks has one exception.

/** Epoch milliseconds, replayed. */
export function now(): number {
  return Date.now();
}
