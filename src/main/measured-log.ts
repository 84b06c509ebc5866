import { createLog, createMetrics, type Log } from '../telemetry/index.js';
import type { RelayConfig } from './config.js';

/** The metrics of a process without a Temporal worker, and its log, whose losses they count. */
export function measuredLog({ service, logLevel: level }: RelayConfig['telemetry']) {
  const metrics = createMetrics({ service });
  const onDropped = () => metrics.count('logLinesDropped', {});
  const log: Log = createLog({ service, level, onDropped });
  return { log, metrics };
}
