import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { onTestFinished } from 'vitest';
import type { CloudEvent } from '../../src/outbox/index.js';

/** The stream of events as those see it who take events from it. */
export async function aStream(url: string) {
  const connection = await connect({ servers: url, maxReconnectAttempts: -1 });
  onTestFinished(() => connection.close());
  const manager = await jetstreamManager(connection);

  /** What waits at a consumer, `max` at most, acknowledged. */
  async function take(consumer: string, max = 1_000): Promise<readonly CloudEvent[]> {
    const place = await jetstream(connection).consumers.get('HOLDFAST', consumer);
    const { num_pending: waiting } = await place.info();
    if (waiting === 0) return [];
    const events: CloudEvent[] = [];
    const messages = await place.fetch({ max_messages: Math.min(waiting, max), expires: 10_000 });
    for await (const message of messages) {
      const event = message.json<CloudEvent>();
      const fits = message.subject === `holdfast.${event.type}`;
      if (!fits || message.headers?.get('Nats-Msg-Id') !== event.id) {
        throw new Error(`${event.id} came as ${message.subject}`);
      }
      events.push(event);
      // Waits for the server, so that nothing comes twice because it did not hear of it.
      await message.ackAck();
    }
    return events;
  }

  async function consumers() {
    const found = [];
    for await (const { config } of manager.consumers.list('HOLDFAST')) found.push(config);
    return found;
  }

  return { manager, take, consumers };
}
