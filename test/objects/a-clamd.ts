import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** The file that every scanner finds and that harms nobody, in two halves: this one is none. */
export const eicar = [
  'X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD',
  '-ANTIVIRUS-TEST-FILE!$H+H*',
].join('');

interface ClamdOrder {
  /** clamd's StreamMaxLength. */
  readonly streamBytesMax?: number;
  /** Where it listens; a free port when left out. */
  readonly path?: string;
  /** In place of what clamd does once all is there. */
  readonly answers?: (socket: Socket) => void;
  /** In place of reading anything. */
  readonly onConnect?: (socket: Socket) => void;
}

/** Speaks as clamd does on the wire: INSTREAM with its frames, and nothing else. */
export async function aClamd(order: ClamdOrder = {}) {
  let received: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    if (order.onConnect) return order.onConnect(socket);
    received = [];
    serve(socket, order, received);
  });
  await once(
    order.path === undefined ? server.listen(0, '127.0.0.1') : server.listen(order.path),
    'listening',
  );
  const { port } = order.path === undefined ? (server.address() as AddressInfo) : { port: 0 };
  return {
    address: order.path === undefined ? { host: '127.0.0.1', port } : { path: order.path },
    /** The frames of the last stream. */
    received: (): readonly Buffer[] => received,
    async stop() {
      const closed = once(server.close(), 'close');
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function serve(socket: Socket, order: ClamdOrder, received: Buffer[]): void {
  const { streamBytesMax = 25 * 1024 * 1024 } = order;
  let waiting = Buffer.alloc(0);
  let opened = false;
  let size = 0;
  socket.on('data', (data) => {
    waiting = Buffer.concat([waiting, data]);
    if (!opened) {
      const end = waiting.indexOf(0);
      if (end < 0) return;
      const command = waiting.subarray(0, end).toString();
      if (command !== 'zINSTREAM') return void socket.end('UNKNOWN COMMAND\0');
      opened = true;
      waiting = waiting.subarray(end + 1);
    }
    while (waiting.length >= 4) {
      const length = waiting.readUInt32BE();
      if (length === 0) {
        if (order.answers) return order.answers(socket);
        const found = Buffer.concat(received).includes(eicar);
        return void socket.end(found ? 'stream: Eicar-Test-Signature FOUND\0' : 'stream: OK\0');
      }
      if (size + length > streamBytesMax) {
        return void socket.end('INSTREAM size limit exceeded. ERROR\0');
      }
      if (waiting.length < 4 + length) return;
      size += length;
      received.push(waiting.subarray(4, 4 + length));
      waiting = waiting.subarray(4 + length);
    }
  });
}
