import { Client, Connection } from '@temporalio/client';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase } from '../../src/database/index.js';
import { declined, lostAnswer, openAccounts, parked } from '../../src/main/demo-scenes.js';
import { accepted } from '../../src/main/demo-world.js';
import { freePort } from '../../src/servers/port.js';
import { aReceiver } from '../support/a-receiver.js';
import { alertRules, dashboardExpressions } from '../support/deployed.js';
import { eventually } from '../support/eventually.js';
import { groupedBy, samplesOf, selectorsOf } from '../support/prometheus.js';
import { aStack, type TestStack } from '../support/stack.js';

const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
let running: TestStack;
let onCall: Awaited<ReturnType<typeof aReceiver>>;
let collector: Awaited<ReturnType<typeof aReceiver>>;
let metricsPorts: readonly number[];
let parkedOpId: string | undefined;
let restartedOpId: string;

beforeAll(async () => {
  onCall = await aReceiver();
  collector = await aReceiver();
  const ports = await somePorts();
  metricsPorts = [ports.gatewayMetrics, ports.workerMetrics, ports.relayMetrics];
  running = await aStack({
    ports,
    environment: {
      ALERT_WEBHOOK_URL: `${onCall.url}/on-call`,
      ALERT_WEBHOOK_SECRET: secret,
      ALERT_WEBHOOK_NETWORK: 'any',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    },
  });
  const { world } = running;
  await openAccounts(world);
  restartedOpId = await aLostWorkflow();
  const [report] = await Promise.all([parked(world), declined(world), lostAnswer(world)]);
  parkedOpId = report.operations[0]?.opId;
}, 240_000);
afterAll(async () => {
  await running.stop();
  onCall.close();
  collector.close();
}, 60_000);

test('tells who is on call of a parked case once, with a link that leads to it', async () => {
  const told = await eventually(() => {
    const sent = onCall.received.find(({ body }) => body.includes(`${parkedOpId}`));
    if (sent === undefined) throw new Error('nobody was told');
    return sent;
  });

  const message = new Webhook(secret).verify(told.body, told.headers as Record<string, string>) as {
    data: { link: string; detail: object };
  };
  expect(message).toMatchObject({ type: 'alert.parked', data: { detail: { currency: 'EUR' } } });
  const found = await running.world.api.get(new URL(message.data.link).pathname);
  expect(found.body).toMatchObject({ opId: parkedOpId });
  const ids = onCall.received.map(({ headers }) => headers['webhook-id']);
  expect(ids).toHaveLength(new Set(ids).size);
});

test('keeps one trace from the request to provider, webhook, relay and reconciler', async () => {
  const traceId = (await rowOf(restartedOpId))?.trace ?? 'none';
  const sees = (...spans: readonly string[]) =>
    eventually(() => expect(spansOf(traceId)).toEqual(expect.arrayContaining([...spans])), {
      ...{ timeoutMs: 75_000, everyMs: 500 },
    });

  await sees('holdfast-worker reconcile restart');
  await running.world.api.post(`/v1/payments/${restartedOpId}/cancel`, {});

  await sees(
    'holdfast-gateway POST /v1/payments',
    'holdfast-gateway StartWorkflow:payment',
    'holdfast-worker RunWorkflow:payment',
    'holdfast-worker RunActivity:authorizePayment',
    'holdfast-worker POST sandbox',
    'holdfast-gateway webhook sandbox',
    'holdfast-relay publish hold.held',
  );
  await eventually(async () => expect(await rowOf(restartedOpId)).toMatchObject({ swept: true }));
}, 180_000);

test('shows every metric that an alert rule or a dashboard asks for', async () => {
  const expressions = [...alertRules().map(({ expr }) => expr), ...dashboardExpressions()];
  const asked = expressions.flatMap(selectorsOf);

  expect(asked.length).toBeGreaterThan(30);
  const shown = await eventually(
    async () => {
      const samples = await allSamples();
      const missing = asked.filter(
        ({ name, labels }) => !labels.every((label) => samples.get(name)?.has(label)),
      );
      const unknown = asked.filter(({ name }) => !samples.has(name));
      expect([...missing, ...unknown]).toEqual([]);
      return samples;
    },
    { timeoutMs: 75_000, everyMs: 500 },
  );
  for (const expression of expressions) {
    const labels = selectorsOf(expression).flatMap(({ name }) => [...(shown.get(name) ?? [])]);
    expect(labels).toEqual(expect.arrayContaining([...groupedBy(expression)]));
  }
}, 120_000);

/** A payment that holds money, and whose workflow somebody ended by hand. */
async function aLostWorkflow(): Promise<string> {
  const { world, stack } = running;
  const payment = { account: 'alice', amount: 12_34, capture: 'manual' } as const;
  const { opId } = accepted(await world.accept(payment));
  await world.reaches(opId, ({ phase }) => phase === 'held');
  const connection = await Connection.connect({ address: stack.temporal.address });
  const temporal = new Client({ connection, namespace: stack.namespace });
  await temporal.workflow.getHandle(opId).terminate('as a test does');
  await connection.close();
  return opId;
}

async function allSamples(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const texts = await Promise.all(
    metricsPorts.map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
  );
  return samplesOf(texts.join('\n'));
}

/** The trace of the request that made this operation, and whether a sweep has ended since. */
async function rowOf(opId: string) {
  const url = running.stack.readerUrl;
  const database = createDatabase({ url, poolMax: 1, applicationName: 'test-eyes' });
  const [row] = await database.sql<{ trace: string; swept: boolean }>`
    select o.trace, p.at > o.accepted_at as swept
      from ledger.operation o, ledger.pulse p where o.op_id = ${opId}`;
  await database.close(1_000);
  return row;
}

interface Exported {
  readonly resourceSpans: readonly {
    readonly resource: {
      readonly attributes: readonly { key: string; value: { stringValue?: string } }[];
    };
    readonly scopeSpans: readonly {
      readonly spans: readonly { traceId: string; name: string }[];
    }[];
  }[];
}

/** What the collector was sent of a trace: each process and span. */
function spansOf(traceId: string): readonly string[] {
  return collector.received.flatMap(({ body }) =>
    (JSON.parse(body) as Exported).resourceSpans.flatMap(({ resource, scopeSpans }) => {
      const name = resource.attributes.find(({ key }) => key === 'service.name');
      const spans = scopeSpans.flatMap((scope) => scope.spans);
      const own = spans.filter((span) => span.traceId === traceId);
      return own.map((span) => `${name?.value.stringValue} ${span.name}`);
    }),
  );
}

async function somePorts() {
  const ports = new Set<number>();
  while (ports.size < 11) ports.add(await freePort());
  const [gateway = 0, workerHealth = 0, relayHealth = 0, sandbox = 0, ...more] = ports;
  const [temporal = 0, temporalUi = 0, notices = 0, noticesSmtp = 0, ...metrics] = more;
  const [gatewayMetrics = 0, workerMetrics = 0, relayMetrics = 0] = metrics;
  const processes = { gateway, workerHealth, relayHealth, sandbox, temporal, temporalUi };
  return { ...processes, notices, noticesSmtp, gatewayMetrics, workerMetrics, relayMetrics };
}
