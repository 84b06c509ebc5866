import { describe, expect, test } from 'vitest';
import type { WorkflowCounter } from '../../src/workflows/counters.js';
import { counters } from '../../src/telemetry/measures.js';
import { freePort } from '../../src/servers/port.js';
import {
  createLog,
  createMetrics,
  installRuntime,
  measureBreaker,
  measureStanding,
  type Metrics,
  serveMetrics,
} from '../../src/telemetry/index.js';

const host = '127.0.0.1';

function count(metrics: Metrics) {
  metrics.count('operationsSettled', { operation: 'Payment' });
  metrics.count('operationsSettled', { operation: 'Payment' });
  metrics.count('operationsRefused', { operation: 'Payment', code: 'insufficient-funds' });
  const told = measureBreaker(metrics);
  told({ kind: 'seen', provider: 'sandbox', mode: 'closed' });
  told({ kind: 'turned', provider: 'sandbox', event: 'breaker.opened' });
  told({ kind: 'seen', provider: 'sandbox', mode: 'open' });
  told({ kind: 'report-lost', provider: 'sandbox', error: new Error('gone') });
  const waits = measureStanding(metrics);
  const money = { phase: 'deferred', currency: 'EUR', minor: 30_00, operations: 2 } as const;
  waits({ waiting: [money, { ...money, phase: 'parked' }] });
  waits({ waiting: [{ ...money, minor: 12_00, operations: 1 }] });
  metrics.observe('httpRequest', 0.2, { method: 'POST', endpoint: '/v1/payments' });
}

async function ourLines(port: number) {
  const answer = await fetch(`http://${host}:${port}/metrics`);
  const lines = (await answer.text()).split('\n').filter((line) => /^(holdfast|http)_/.test(line));
  // Both libraries order labels as they like.
  return lines.map((line) =>
    line.replace(/\{(.*)\}/, (_, labels: string) => `{${labels.split(',').toSorted().join(',')}}`),
  );
}

const duration = 'http_request_duration_seconds';
const labels = (le: string) => `{endpoint="/v1/payments",${le}method="POST",service="s"}`;
const expected = [
  'holdfast_operations_settled_total{operation="Payment",service="s"} 2',
  'holdfast_operations_refused_total{code="insufficient-funds",operation="Payment",service="s"} 1',
  'holdfast_breaker_turns_total{event="breaker.opened",provider="sandbox",service="s"} 1',
  'holdfast_breaker_mode{provider="sandbox",service="s"} 2',
  'holdfast_money_waiting{currency="EUR",phase="deferred",service="s"} 1200',
  'holdfast_money_waiting{currency="EUR",phase="parked",service="s"} 0',
  'holdfast_operations_waiting{currency="EUR",phase="deferred",service="s"} 1',
  'holdfast_operations_waiting{currency="EUR",phase="parked",service="s"} 0',
  `${duration}_bucket${labels('le="0.1",')} 0`,
  `${duration}_bucket${labels('le="0.25",')} 1`,
  `${duration}_sum${labels('')} 0.2`,
];

describe('metrics', () => {
  test('knows every counter that workflows count', () => {
    const counted: Record<WorkflowCounter, true> = {
      holdfast_operations_settled: true,
      holdfast_operations_refused: true,
      holdfast_operations_parked: true,
      holdfast_doubts_opened: true,
      holdfast_doubts_resolved: true,
    };

    const known = Object.values(counters).map(({ name }) => name);

    expect(known).toEqual(expect.arrayContaining(Object.keys(counted)));
  });

  test('serves ours and those of the process on a port of their own', async () => {
    const metrics = createMetrics({ service: 's' });
    const server = await serveMetrics(metrics, { host, port: 0 });

    count(metrics);
    expect(await ourLines(server.port)).toEqual(expect.arrayContaining(expected));
    expect(await metrics.text()).toContain('process_resident_memory_bytes');
    expect((await fetch(`http://${host}:${server.port}/`)).status).toBe(404);

    await expect(serveMetrics(metrics, { host, port: server.port })).rejects.toThrow('EADDRINUSE');
    await server.close();
    await expect(fetch(`http://${host}:${server.port}/metrics`)).rejects.toThrow();
  });

  test("serves the same lines beside Temporal's own in a worker", async () => {
    const log = createLog({ service: 's', level: 'silent' });
    const port = await freePort();

    count(installRuntime({ log, service: 's', host, metricsPort: port }));
    expect(await ourLines(port)).toEqual(expect.arrayContaining(expected));
  });
});
