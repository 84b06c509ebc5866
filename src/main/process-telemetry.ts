import { createLog, createMetrics } from '../telemetry/index.js';
import type { GatewayConfig } from './config.js';

/** Log and metrics of a process without a Temporal worker; lines that are lost are counted. */
export function processTelemetry({ service, logLevel }: GatewayConfig['telemetry']) {
  const metrics = createMetrics({ service });
  const onDropped = () => metrics.count('logLinesDropped', {});
  return { metrics, log: createLog({ service, level: logLevel, onDropped }) };
}
