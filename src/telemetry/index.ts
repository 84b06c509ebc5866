/**
 * @module telemetry: what a person or a machine can see of a running process.
 * lives here: the log, the masking of secrets, traces, metrics, alerts, Temporal's runtime
 * may touch: stdout, the collector of traces, the port of /metrics, the receiver of alerts
 * never: a decision about an operation; an id, an account or a free text in a metric's label
 * proved in: test/telemetry
 */
export { createAlerter } from './alerter.js';
export { createAlertWebhook } from './alert-webhook.js';
export { alertWords } from './alert-words.js';
export { createLog, type Log, type LogOptions } from './log.js';
export { measureBreaker } from './measure-breaker.js';
export { measureStanding } from './measure-standing.js';
export type { Metrics } from './measures.js';
export { createMetrics, serveMetrics } from './metrics.js';
export { installRuntime } from './runtime.js';
export { temporalLogger } from './temporal-logger.js';
export { tracedFetch } from './traced-fetch.js';
export { type RequestTrace, startTracing, type Tracing } from './tracing.js';
