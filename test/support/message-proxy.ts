import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createGrpcFrames } from './grpc-frames.js';

/** What happens at a message: the process dies, or only the message, its haste or its answer. */
export const messageFaults = ['kill', 'cut', 'delay', 'drop-answer'] as const;
export type MessageFault = (typeof messageFaults)[number];

export interface Strike {
  readonly fault: MessageFault;
  /** True for the message that is struck, by its number from 1 on and by its bytes. */
  at(message: number, data: Buffer): boolean;
}

export interface MessageProxyOptions {
  /** Asked anew at each connection. */
  readonly target: () => { readonly port: number; readonly host: string };
  /**
   * What counts as one message: all that a side says until the other one speaks, or what gRPC
   * carries, where both sides speak at once.
   */
  readonly counts: 'turns' | 'grpc';
  /** Ends the process behind the connections by SIGKILL, before it returns. */
  readonly kill: () => void;
  readonly delayMs: number;
}

/** Counts the messages between two processes, and does harm at one of them. */
export interface MessageProxy {
  readonly port: number;
  /** Counts anew. Without a strike everything passes. */
  begin(strike?: Strike): void;
  messages(): number;
  hasStruck(): boolean;
  /** Resets every connection. */
  cut(): void;
  /** Waits until what was delayed has come, also to who no longer waits for it. */
  arrived(): Promise<void>;
  close(): Promise<void>;
}

type Side = 'client' | 'server';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** How many messages begin in this. */
  readonly begin: (side: Side, data: Buffer) => number;
  /** Whose next message is lost, with the connection. */
  lost?: Side;
}

/** Listens on a free port of 127.0.0.1. */
export async function createMessageProxy(options: MessageProxyOptions): Promise<MessageProxy> {
  const pairs = new Set<Pair>();
  const late = new Set<Promise<void>>();
  const harm = createHarm(options);
  const listener = createServer((client) => {
    const begin = options.counts === 'grpc' ? grpcMessages() : turns();
    const pair: Pair = { client, server: connect(options.target()), begin };
    pairs.add(pair);
    client.on('close', () => pairs.delete(pair));
    for (const side of ['client', 'server'] as const) forward(pair, side, harm, late);
  });
  await once(listener.listen(0, '127.0.0.1'), 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const cutAll = () => {
    for (const pair of pairs) cut(pair);
  };

  return {
    port: address.port,
    ...{ begin: harm.begin, messages: harm.messages, hasStruck: harm.hasStruck, cut: cutAll },
    async arrived() {
      await Promise.all(late);
    },
    async close() {
      const closed = once(listener.close(), 'close');
      cutAll();
      await closed;
    },
  };
}

type Passage = { readonly kind: 'lost' } | { readonly kind: 'passes'; readonly lateMs: number };
const passes: Passage = { kind: 'passes', lateMs: 0 };
const lost: Passage = { kind: 'lost' };

/** Counts, and decides what becomes of each piece of data. */
function createHarm({ kill, delayMs }: MessageProxyOptions) {
  let [messages, struck] = [0, false];
  let strike: Strike | undefined;

  function strikes(begun: number, data: Buffer): Strike | undefined {
    for (let n = messages - begun + 1; n <= messages; n += 1) {
      if (!struck && strike?.at(n, data) === true) return strike;
    }
    return undefined;
  }

  return {
    begin: (next?: Strike) => {
      [messages, struck, strike] = [0, false, next];
    },
    messages: () => messages,
    hasStruck: () => struck,
    passage(pair: Pair, side: Side, data: Buffer): Passage {
      const begun = pair.begin(side, data);
      messages += begun;
      if (pair.lost === side && begun > 0) {
        cut(pair);
        return lost;
      }
      const due = strikes(begun, data);
      if (due === undefined) return passes;
      struck = true;
      switch (due.fault) {
        case 'kill':
          // What it had sent is on its way; what it was sent is never read.
          kill();
          return passes;
        case 'cut':
          cut(pair);
          return lost;
        case 'delay':
          return { kind: 'passes', lateMs: delayMs };
        case 'drop-answer':
          pair.lost = side === 'client' ? 'server' : 'client';
          return passes;
      }
    },
  };
}

function forward(
  pair: Pair,
  side: Side,
  harm: ReturnType<typeof createHarm>,
  late: Set<Promise<void>>,
): void {
  const [from, to] = side === 'client' ? [pair.client, pair.server] : [pair.server, pair.client];
  let dueMs = 0;
  const inOrder = (act: () => void) => {
    const waitMs = dueMs - performance.now();
    if (waitMs <= 0) return act();
    const done = new Promise<void>((resolve) => {
      setTimeout(() => {
        act();
        resolve();
      }, waitMs);
    }).finally(() => late.delete(done));
    late.add(done);
  };
  from.on('error', () => {});
  // What is delayed arrives, though its sender may have gone.
  from.on('close', () => inOrder(() => to.end()));
  from.on('data', (data) => {
    const passage = harm.passage(pair, side, data);
    if (passage.kind === 'lost') return;
    if (passage.lateMs > 0) dueMs = performance.now() + passage.lateMs;
    inOrder(() => void (to.writable && to.write(data)));
  });
}

function turns(): Pair['begin'] {
  let speaker: Side | undefined;
  return (side) => {
    const begun = side === speaker ? 0 : 1;
    speaker = side;
    return begun;
  };
}

function grpcMessages(): Pair['begin'] {
  const frames = {
    client: createGrpcFrames({ opening: true }),
    server: createGrpcFrames({ opening: false }),
  };
  return (side, data) => frames[side].push(data).length;
}

function cut({ client, server }: Pair): void {
  client.resetAndDestroy();
  server.destroy();
}
