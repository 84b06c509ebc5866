import { invariants, type Violation } from '../ledger/violations.js';
import type { Log, Metrics } from '../telemetry/index.js';

/** Longer than any scraper is away: the next look, at other operations, is seconds later. */
const toldMs = 120_000;

/** Tells of what a look saw broken, or that it saw nothing. */
export function createViolationTeller(
  log: Log,
  metrics: Metrics,
  now = Date.now,
): (violations: readonly Violation[]) => void {
  const worst = new Map<string, { readonly count: number; readonly at: number }>();

  return (violations) => {
    for (const violation of violations) {
      log.error({ module: 'reconciler', ...violation }, 'an invariant does not hold');
    }
    for (const name of Object.keys(invariants)) {
      const count = violations.find((broken) => broken.name === name)?.count ?? 0;
      const before = worst.get(name);
      if (before === undefined || count >= before.count || now() - before.at > toldMs) {
        worst.set(name, { count, at: now() });
        metrics.set('invariantViolations', count, { name });
      }
    }
  };
}
