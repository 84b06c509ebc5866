/**
 * @module telemetry: what a person or a machine can see of a running process.
 * lives here: the log, the masking of secrets, traces, metrics, the set-up of Temporal's runtime
 * may touch: stdout, the collector of traces, the port of /metrics; values of it are made in main
 * never: a decision about an operation; an id, an account or a free text in a metric's label
 * proved in: test/telemetry
 */
export { createLog, type Log, type LogOptions } from './log.js';
export { measureBreaker } from './measure-breaker.js';
export { measureSinks } from './measure-sinks.js';
export { measureWaiting } from './measure-waiting.js';
export type { Metrics } from './measures.js';
export { createMetrics, serveMetrics } from './metrics.js';
export { installRuntime } from './runtime.js';
export { temporalLogger } from './temporal-logger.js';
export { type RequestTrace, startTracing, type Tracing } from './tracing.js';
