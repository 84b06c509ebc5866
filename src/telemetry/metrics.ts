import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { counters, durations, each, gauges, type Metrics } from './measures.js';

export interface RegistryMetrics extends Metrics {
  readonly contentType: string;
  /** All metrics of this process in Prometheus' text format. */
  text(): Promise<string>;
}

/** Metrics of a process without a Temporal worker: ours and Node's own. */
export function createMetrics({ service }: { service: string }): RegistryMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counterOf = each(
    counters,
    ({ name, help, labels }) =>
      new Counter({ name: `${name}_total`, help, labelNames: labels, registers }),
  );
  const gaugeOf = each(
    gauges,
    ({ name, help, labels }) => new Gauge({ name, help, labelNames: labels, registers }),
  );
  const histogramOf = each(
    durations,
    ({ name, help, labels, buckets }) =>
      new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers }),
  );
  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    count: (name, labels, by = 1) => counterOf[name].inc(labels, by),
    set: (name, value, labels) => gaugeOf[name].set(labels, value),
    observe: (name, seconds, labels) => histogramOf[name].observe(labels, seconds),
  };
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `GET /metrics` on a port of its own; rejects when the port is taken. */
export async function serveMetrics(
  metrics: RegistryMetrics,
  { host, port }: { host: string; port: number },
): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
