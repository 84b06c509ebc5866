import { Connection, Client as TemporalClient } from '@temporalio/client';
import { createClient, createKeyRing, IdempotencyKeyReused } from '../client/index.js';
import type { Database } from '../database/index.js';
import { unreachable } from '../domain/index.js';
import { createSides } from '../ledger/index.js';
import {
  createLineSink,
  createNatsSink,
  createNoticeSink,
  createWebhookSink,
  type Sink,
} from '../outbox/index.js';
import type { Log, Tracing } from '../telemetry/index.js';
import type { RelayConfig } from './config.js';

export interface NamedSink {
  readonly name: string;
  readonly sink: Sink;
  readonly retryMs: number;
}

interface SinkDeps {
  readonly database: Database;
  readonly tracing: Tracing;
  readonly log: Log;
}
type Settings = RelayConfig['sinks']['each'][number];

/** The sinks that the environment names. */
export function composeSinks(
  { each, retryMs }: RelayConfig['sinks'],
  deps: SinkDeps,
): readonly NamedSink[] {
  return each.map((settings) => ({
    ...{ name: settings.name, retryMs },
    sink: composeSink(settings, deps),
  }));
}

function composeSink(settings: Settings, deps: SinkDeps): Sink {
  switch (settings.name) {
    case 'log':
      return createLineSink(process.stdout);
    case 'webhook':
      return createWebhookSink(settings);
    case 'nats':
      return createNatsSink({
        ...settings,
        onFault: (error) =>
          deps.log.error(
            { module: 'outbox', sink: 'nats', err: error },
            'no stream for events yet',
          ),
      });
    case 'notices':
      return composeNotices(settings, deps);
    default:
      return unreachable(settings);
  }
}

const startTimeoutMs = 5_000;

function composeNotices(
  { temporal, payloadKeys }: Extract<Settings, { name: 'notices' }>,
  { database, tracing }: SinkDeps,
): Sink {
  const { namespace, taskQueue } = temporal;
  // Lazy: while Temporal is away the events wait, and the other sinks get theirs.
  const connection = Connection.lazy(temporal.connection);
  const client = createClient({
    temporal: new TemporalClient({ connection, namespace, plugins: [tracing.plugin] }),
    keys: createKeyRing(payloadKeys.open.map(({ id, key }) => ({ id, bytes: key }))),
    taskQueue,
  });
  const sink = createNoticeSink({
    sidesOf: createSides(database),
    start: (command, options) =>
      connection.withDeadline(Date.now() + startTimeoutMs, () => client.start(command, options)),
    isKeyReused: (error) => error instanceof IdempotencyKeyReused,
  });
  return { ...sink, close: () => connection.close() };
}
