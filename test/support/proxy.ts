import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createPostgresFrames } from './postgres-frames.js';

/** A TCP proxy in this process between a client and PostgreSQL, with the faults of a network. */
export interface Proxy {
  readonly port: number;
  /** The same database through the proxy. */
  via(url: string): string;
  /** Nothing passes any more, and nobody is told. */
  blackHole(): void;
  /** Everything passes again; what was held back arrives now, as after a retransmission. */
  heal(): void;
  /** Resets every connection. */
  cut(): void;
  /** Every piece of data takes so much longer, each way; 0 ends it. */
  delay(ms: number): void;
  /**
   * Keeps back the answer to the next query that succeeds, once it is durable, and resets that
   * connection: done, and the client does not know it.
   */
  dropAnswerOnce(): void;
  /** How often a message of each kind went to the server: P parse, B bind, S sync, Q simple ... */
  messagesToServer(): ReadonlyMap<string, number>;
  /** Queries sent so far. The first use of each text on a connection asks for its types besides. */
  postgresRoundTrips(): number;
  close(): Promise<void>;
}

interface Network {
  readonly pairs: Set<Pair>;
  readonly sent: Map<string, number>;
  holed: boolean;
  delayMs: number;
  dropping: boolean;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** Listens on a free port of 127.0.0.1. */
export async function createProxy(target: { port: number; host?: string }): Promise<Proxy> {
  const pairs = new Set<Pair>();
  const network: Network = { pairs, sent: new Map(), holed: false, delayMs: 0, dropping: false };
  const listener = createServer((client) => {
    const pair = { client, server: connect(target.port, target.host ?? '127.0.0.1') };
    pairs.add(pair);
    client.on('close', () => pairs.delete(pair));
    forward(client, pair.server, network, countMessages(network));
    forward(pair.server, client, network, answersOf(pair, network));
    if (network.holed) pause(pair);
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { port } = address;

  return {
    port,
    via(url) {
      const through = new URL(url);
      through.host = `127.0.0.1:${port}`;
      return through.href;
    },
    blackHole() {
      network.holed = true;
      for (const pair of pairs) pause(pair);
    },
    heal() {
      network.holed = false;
      for (const pair of pairs) resume(pair);
    },
    cut() {
      for (const pair of pairs) cut(pair);
    },
    delay(ms) {
      network.delayMs = ms;
    },
    dropAnswerOnce() {
      network.dropping = true;
    },
    messagesToServer: () => network.sent,
    postgresRoundTrips: () => (network.sent.get('S') ?? 0) + (network.sent.get('Q') ?? 0),
    async close() {
      const closed = once(listener.close(), 'close');
      for (const pair of pairs) cut(pair);
      await closed;
    },
  };
}

function forward(from: Socket, to: Socket, network: Network, passes: (data: Buffer) => boolean) {
  let lastDue = 0;
  from.on('error', () => {});
  from.on('close', () => to.destroy());
  from.on('data', (data) => {
    if (!passes(data)) return;
    const write = () => void (to.writable && to.write(data));
    const now = performance.now();
    // In order, also when the delay has just ended.
    lastDue = Math.max(lastDue, now + network.delayMs);
    if (lastDue > now) setTimeout(write, lastDue - now);
    else write();
  });
}

function countMessages({ sent }: Network): (data: Buffer) => boolean {
  const frames = createPostgresFrames({ opening: true });
  return (data) => {
    for (const kind of frames.push(data)) sent.set(kind, (sent.get(kind) ?? 0) + 1);
    return true;
  };
}

function answersOf(pair: Pair, network: Network): (data: Buffer) => boolean {
  const frames = createPostgresFrames({ opening: false });
  let done = false;
  return (data) => {
    for (const kind of frames.push(data)) {
      // The command is complete; at the Z behind it, it is also committed.
      if (kind === 'C' && network.dropping) done = true;
      if (kind !== 'Z' || !done) continue;
      network.dropping = false;
      cut(pair);
    }
    return !done;
  };
}

function pause({ client, server }: Pair): void {
  client.pause();
  server.pause();
}

function resume({ client, server }: Pair): void {
  client.resume();
  server.resume();
}

function cut({ client, server }: Pair): void {
  client.resetAndDestroy();
  server.destroy();
}
