import { unreachable } from '../domain/index.js';
import { createLineSink, createNatsSink, createWebhookSink, type Sink } from '../outbox/index.js';
import type { Log } from '../telemetry/index.js';
import type { RelayConfig } from './config.js';

export interface NamedSink {
  readonly name: string;
  readonly sink: Sink;
  readonly retryMs: number;
}

/** The sinks that the environment names. */
export function composeSinks(
  { each, retryMs }: RelayConfig['sinks'],
  log: Log,
): readonly NamedSink[] {
  return each.map((settings) => ({
    ...{ name: settings.name, retryMs },
    sink: composeSink(settings, log),
  }));
}

function composeSink(settings: RelayConfig['sinks']['each'][number], log: Log): Sink {
  switch (settings.name) {
    case 'log':
      return createLineSink(process.stdout);
    case 'webhook':
      return createWebhookSink(settings);
    case 'nats':
      return createNatsSink({
        ...settings,
        onFault: (error) =>
          log.error({ module: 'outbox', sink: 'nats', err: error }, 'no stream for events yet'),
      });
    default:
      return unreachable(settings);
  }
}
