import type { WaitingMoney } from '../ledger/index.js';
import { type Log, measureWaiting, type Metrics } from '../telemetry/index.js';

export interface WaitingWatchDeps {
  readonly read: () => Promise<readonly WaitingMoney[]>;
  readonly metrics: Metrics;
  readonly log: Log;
}

// Longer than any statement takes: two never run at once.
const everyMs = 15_000;

/** Measures the money that waits, at once and then all the time, until the answer is called. */
export function watchWaiting({ read, metrics, log }: WaitingWatchDeps): () => void {
  const measure = measureWaiting(metrics);
  const look = () => {
    read().then(measure, (error: unknown) => {
      log.warn({ module: 'ledger', err: error }, 'the money that waits cannot be read');
    });
  };
  look();
  const timer = setInterval(look, everyMs);
  return () => clearInterval(timer);
}
