import { readFile } from 'node:fs/promises';
import {
  AckPolicy,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstream,
  type JetStreamClient,
  jetstreamManager,
  type JetStreamManager,
  StorageType,
} from '@nats-io/jetstream';
import { connect, credsAuthenticator, nanos, type NatsConnection } from '@nats-io/transport-node';
import { eventTypes } from './event-types.js';
import type { Sink } from './relay.js';

export interface NatsSinkOptions {
  /** `nats://host:port`, or `tls://` for all of them. */
  readonly servers: readonly string[];
  /** A file with credentials (JWT and seed), as `nsc` writes it. */
  readonly credentials?: string;
  /** Told why the stream cannot be made ready; it is tried again with the next event. */
  readonly onFault: (error: unknown) => void;
}

const stream = 'HOLDFAST';
const answerTimeoutMs = 5_000;
// Longer than a lease and the first pauses: an event that comes twice in it is kept once.
const repeatsKnownMs = 10 * 60_000;
const keptMs = 7 * 24 * 3_600_000;
const ackWaitMs = 30_000;
const deliveriesMax = 20;

/**
 * Publishes each event to JetStream, as `holdfast.<type>`, and takes it for kept once the stream
 * says so. The stream and its durable consumers are made when they are missing; one that is there
 * stays as it is. A server that is away is looked for until it is back.
 */
export function createNatsSink(options: NatsSinkOptions): Sink {
  let opened: Promise<Opened> | undefined;

  function open(): Promise<Opened> {
    const forget = () => {
      opened = undefined;
    };
    opened ??= openStream(options, forget).catch((error: unknown) => {
      forget();
      throw error;
    });
    return opened;
  }
  // Not with the first event: whoever waits for it finds a consumer to wait at.
  open().catch(options.onFault);

  return {
    async publish(event) {
      const { publisher } = await open();
      await publisher.publish(`holdfast.${event.type}`, JSON.stringify(event), {
        msgID: event.id,
        timeout: answerTimeoutMs,
        expect: { streamName: stream },
      });
      return undefined;
    },
    close: async () => (await opened?.catch(() => undefined))?.connection.close(),
  };
}

interface Opened {
  readonly connection: NatsConnection;
  readonly publisher: JetStreamClient;
}

async function openStream(
  { servers, credentials }: NatsSinkOptions,
  onClosed: () => void,
): Promise<Opened> {
  const connection = await connect({
    ...{ servers: [...servers], name: 'holdfast-relay', timeout: answerTimeoutMs },
    ...{ maxReconnectAttempts: -1, reconnectTimeWait: 500 },
    ...(servers.some((server) => server.startsWith('tls:')) && { tls: {} }),
    ...(credentials && { authenticator: credsAuthenticator(await readFile(credentials)) }),
  });
  try {
    const manager = await jetstreamManager(connection, { timeout: answerTimeoutMs });
    await makeStream(manager);
    await makeConsumers(manager);
  } catch (error) {
    await connection.close();
    throw error;
  }
  void connection.closed().then(onClosed);
  return { connection, publisher: jetstream(connection) };
}

async function makeStream(manager: JetStreamManager): Promise<void> {
  try {
    await manager.streams.info(stream);
  } catch (error) {
    const isMissing =
      error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamNotFound;
    if (!isMissing) throw error;
    await manager.streams.add({
      ...{ name: stream, subjects: ['holdfast.>'], storage: StorageType.File },
      ...{ duplicate_window: nanos(repeatsKnownMs), max_age: nanos(keptMs) },
    });
  }
}

async function makeConsumers(manager: JetStreamManager): Promise<void> {
  const there = new Set<string>();
  for await (const { name } of manager.consumers.list(stream)) there.add(name);
  const wanted = [
    { name: 'monitor', filter: 'holdfast.>' },
    ...eventTypes.map((type) => ({ name: type.replace('.', '-'), filter: `holdfast.${type}` })),
  ];
  // Two relays that make the same one at once are both told that it is there.
  await Promise.all(
    wanted
      .filter(({ name }) => !there.has(name))
      .map(({ name, filter }) =>
        manager.consumers.add(stream, {
          ...{ durable_name: name, filter_subject: filter, deliver_policy: DeliverPolicy.All },
          ...{ ack_policy: AckPolicy.Explicit, ack_wait: nanos(ackWaitMs) },
          max_deliver: deliveriesMax,
        }),
      ),
  );
}
