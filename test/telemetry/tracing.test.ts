import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { Client, Connection } from '@temporalio/client';
import {
  bundleWorkflowCode,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleWithSourceMap,
} from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { freePort } from '../../src/servers/port.js';
import {
  createLog,
  installRuntime,
  type Metrics,
  startTracing,
  temporalLogger,
  type Tracing,
} from '../../src/telemetry/index.js';
import type { traced } from './traced-workflow.js';

const workflowsPath = fileURLToPath(new URL('traced-workflow.ts', import.meta.url));
const callersTrace = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${callersTrace}-00f067aa0ba902b7-01`;

const tracedActivities = (tracing: Tracing) => ({
  traceHere: async () => tracing.traceId() ?? 'none',
});
export type TracedActivities = ReturnType<typeof tracedActivities>;

describe('traces of requests', () => {
  const tracing = startTracing({ service: 'holdfast-test' });

  test("goes on with the caller's trace, also after what the request awaits", async () => {
    const request = tracing.startRequest({ name: 'POST /v1/payments', traceparent });

    const seen = await request.run(async () => {
      await new Promise(setImmediate);
      return [tracing.traceId(), tracing.traceparent()];
    });
    request.end();
    expect(request.traceId).toBe(callersTrace);
    expect(seen).toEqual([
      callersTrace,
      expect.stringMatching(`^00-${callersTrace}-[0-9a-f]{16}-00$`),
    ]);
    expect([tracing.traceId(), tracing.traceparent()]).toEqual([undefined, undefined]);
  });

  test.each([
    undefined,
    '',
    'garbage',
    callersTrace,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${callersTrace}-${'0'.repeat(16)}-01`,
    `ff-${callersTrace}-00f067aa0ba902b7-01`,
    `${traceparent}, ${traceparent}`,
    [traceparent],
    'x'.repeat(8_192),
  ])('starts a trace of its own when the caller sends %j', (given) => {
    const first = tracing.startRequest({ name: 'GET', traceparent: given });
    const second = tracing.startRequest({ name: 'GET', traceparent: given });

    expect(first.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect([second.traceId, callersTrace]).not.toContain(first.traceId);
  });

  test('sends spans to the collector, and goes on without it', async () => {
    const paths: string[] = [];
    const collector = createServer((request, response) => {
      paths.push(`${request.method} ${request.url}`);
      request.resume().on('end', () => response.end());
    });
    const port = await freePort();
    await new Promise<void>((resolve) => collector.listen(port, '127.0.0.1', resolve));
    const exporting = startTracing({
      service: 'holdfast-test',
      otlpEndpoint: `http://127.0.0.1:${port}/`,
    });

    exporting.startRequest({ name: 'GET' }).end();
    await exporting.flush();
    expect(paths).toEqual(['POST /v1/traces']);

    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
    exporting.startRequest({ name: 'GET' }).end('was late');
    await expect(exporting.flush()).resolves.toBeUndefined();
  });
});

describe('traces through Temporal', () => {
  const lines: string[] = [];
  const log = createLog({
    service: 'holdfast-test',
    level: 'info',
    destination: { write: (line) => lines.push(line) },
  });
  let metrics: Metrics;
  let metricsPort: number;
  let connection: Connection;
  let workersConnection: NativeConnection;
  let workflowBundle: WorkflowBundleWithSourceMap;

  beforeAll(async () => {
    metricsPort = await freePort();
    metrics = installRuntime({ log, service: 'holdfast-test', host: '127.0.0.1', metricsPort });
    const { plugin } = startTracing({ service: 'build' });
    workflowBundle = await bundleWorkflowCode({
      workflowsPath,
      plugins: [plugin],
      logger: temporalLogger(log),
    });
    const { address } = inject('servers').temporal;
    connection = await Connection.connect({ address });
    workersConnection = await NativeConnection.connect({ address });
  });
  afterAll(async () => {
    await connection.close();
    await workersConnection.close();
  });

  async function runTraced(tracing: Tracing, workflowId: string) {
    const plugins = [tracing.plugin];
    const client = new Client({ connection, plugins });
    const worker = await Worker.create({
      connection: workersConnection,
      taskQueue: workflowId,
      plugins,
      workflowBundle,
      activities: tracedActivities(tracing),
    });
    const request = tracing.startRequest({ name: 'POST /v1/payments', traceparent });
    const result = await worker.runUntil(
      request.run(() =>
        client.workflow.execute<typeof traced>('traced', { taskQueue: workflowId, workflowId }),
      ),
    );
    request.end();
    return { result, history: await client.workflow.getHandle(workflowId).fetchHistory() };
  }

  test('keeps one trace id from the caller to the activities, exporter or none', async () => {
    const exporter = new InMemorySpanExporter();
    const silent = startTracing({ service: 'silent' });
    const exporting = startTracing({
      service: 'exporting',
      spanProcessor: new SimpleSpanProcessor(exporter),
    });

    const first = await runTraced(silent, `traced-${randomUUID()}`);
    const second = await runTraced(exporting, `traced-${randomUUID()}`);
    expect([first.result, second.result]).toEqual([
      [callersTrace, callersTrace],
      [callersTrace, callersTrace],
    ]);

    const spans = exporter.getFinishedSpans();
    expect(new Set(spans.map((span) => span.spanContext().traceId))).toEqual(
      new Set([callersTrace]),
    );
    expect(spans.map((span) => span.name).toSorted()).toEqual([
      'POST /v1/payments',
      'RunActivity:traceHere',
      'RunActivity:traceHere',
      'RunWorkflow:traced',
      'StartActivity:traceHere',
      'StartActivity:traceHere',
      'StartWorkflow:traced',
    ]);

    // What ran without an exporter still replays when one is set, and the other way round.
    for (const [{ history }, { plugin }] of [
      [first, exporting],
      [second, silent],
    ] as const) {
      const options = { workflowBundle, plugins: [plugin] };
      const replays = Worker.runReplayHistories(options, [{ workflowId: 'traced', history }]);
      for await (const replay of replays) expect(replay.error).toBeUndefined();
    }
  });

  test("writes a workflow's lines to our log, with the operation and the trace", async () => {
    const workflowId = `traced-${randomUUID()}`;
    await runTraced(startTracing({ service: 'silent' }), workflowId);
    Runtime.instance().flushLogs();

    const written = lines.map((line) => JSON.parse(line));
    expect(written).toContainEqual(
      expect.objectContaining({
        level: 'info',
        module: 'temporal/workflow',
        opId: workflowId,
        traceId: callersTrace,
        message: 'in the workflow',
      }),
    );
  });

  test("gives out Temporal's counters and ours at one place", async () => {
    metrics.count('operationsParked', { operation: 'Payment' });
    await runTraced(startTracing({ service: 'silent' }), `traced-${randomUUID()}`);

    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    expect(text).toMatch(/^holdfast_operations_parked_total\{.*operation="Payment".*\} 1$/m);
    expect(text).toMatch(/^temporal_workflow_completed_total\{.*\} [1-9]/m);
    expect(text).toMatch(/^temporal_local_activity_execution_latency_seconds_count\{.*\} [1-9]/m);
  });
});
