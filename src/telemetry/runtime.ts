import { isIPv6 } from 'node:net';
import type { MetricMeter } from '@temporalio/common';
import { Runtime, type RuntimeOptions } from '@temporalio/worker';
import type { Log } from './log.js';
import { counters, durations, each, gauges, type Metrics } from './measures.js';
import { temporalLogger } from './temporal-logger.js';

export interface RuntimeSettings {
  readonly log: Log;
  readonly service: string;
  /** An IP address. */
  readonly host: string;
  /** Where Prometheus asks for /metrics, 1 to 65535; null for no metrics. */
  readonly metricsPort: number | null;
  /** Told of the run whose workflow task this process failed. */
  readonly onTaskFailed?: (runId: string) => void;
}

/**
 * Sets up Temporal's native part, once in a process and before its first connection: its lines go
 * to our log, and its metrics, with ours beside them, to one Prometheus endpoint. Signals are left
 * to the caller, who drains the worker. Returns where to count. Throws when the port is taken.
 */
export function installRuntime(settings: RuntimeSettings): Metrics {
  const { log, service, host, metricsPort, onTaskFailed } = settings;
  const runtime = Runtime.install({
    logger: temporalLogger(log, onTaskFailed),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      ...(metricsPort !== null && { metrics: prometheus(service, host, metricsPort) }),
    },
  });
  return meterMetrics(runtime.metricMeter);
}

function prometheus(
  service: string,
  host: string,
  port: number,
): NonNullable<RuntimeOptions['telemetryOptions']>['metrics'] & object {
  const bucketsOf = Object.values(durations).map(({ name, buckets }): [string, number[]] => [
    name,
    [...buckets],
  ]);
  return {
    globalTags: { service },
    attachServiceName: false,
    prometheus: {
      bindAddress: `${isIPv6(host) ? `[${host}]` : host}:${port}`,
      countersTotalSuffix: true,
      unitSuffix: true,
      useSecondsForDurations: true,
      histogramBucketOverrides: Object.fromEntries(bucketsOf),
    },
  };
}

function meterMetrics(meter: MetricMeter): Metrics {
  const counterOf = each(counters, ({ name, help }) => meter.createCounter(name, '', help));
  const gaugeOf = each(gauges, ({ name, help }) => meter.createGauge(name, 'int', '', help));
  const histogramOf = each(durations, ({ name, help }) =>
    meter.createHistogram(name, 'float', '', help),
  );
  return {
    count: (name, labels, by = 1) => counterOf[name].add(by, labels),
    set: (name, value, labels) => gaugeOf[name].set(value, labels),
    observe: (name, seconds, labels) => histogramOf[name].record(seconds, labels),
  };
}
