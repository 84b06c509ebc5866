import { createLineSink, type Sink } from '../outbox/index.js';
import type { RelayConfig } from './config.js';

export interface NamedSink {
  readonly name: string;
  readonly sink: Sink;
  readonly retryMs: number;
}

/** The sinks that the environment names. */
export function composeSinks({ names, retryMs }: RelayConfig['sinks']): readonly NamedSink[] {
  const made = { log: () => createLineSink(process.stdout) };
  return names.map((name) => ({ name, sink: made[name](), retryMs }));
}
