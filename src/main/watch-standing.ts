import type { Database } from '../database/index.js';
import { createStanding } from '../ledger/index.js';
import { type Log, measureStanding, type Metrics } from '../telemetry/index.js';
import { repeatedly } from './repeatedly.js';

// Longer than any statement takes: two never run at once.
const everyMs = 15_000;

/** Measures how everything stands, at once and then all the time, until the answer is called. */
export function watchStanding(database: Database, metrics: Metrics, log: Log): () => void {
  const read = createStanding(database);
  const measure = measureStanding(metrics);
  return repeatedly(everyMs, () => {
    read().then(measure, (error: unknown) => {
      log.warn({ module: 'ledger', err: error }, 'how everything stands cannot be read');
    });
  });
}
