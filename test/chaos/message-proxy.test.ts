import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { createGrpcFrames } from '../support/grpc-frames.js';
import {
  createMessageProxy,
  type MessageFault,
  type MessageProxy,
} from '../support/message-proxy.js';

let server: Server;
let proxy: MessageProxy;
let heard: string[] = [];
let kills = 0;
beforeAll(async () => {
  server = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        heard.push(data.toString());
        socket.write(`re:${data.toString()}`);
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const kill = () => {
    kills += 1;
  };
  const target = () => ({ port, host: '127.0.0.1' });
  proxy = await createMessageProxy({ target, counts: 'turns', kill, delayMs: 200 });
});
beforeEach(() => {
  heard = [];
  kills = 0;
});
afterAll(async () => {
  await proxy.close();
  server.close();
});

const strike = (fault: MessageFault, message: number) =>
  proxy.begin({ fault, at: (n) => n === message });

test('counts what each side says until the other one speaks', async () => {
  proxy.begin();

  const socket = await dialled();
  expect([await asked(socket, 'a'), await asked(socket, 'b')]).toEqual(['re:a', 're:b']);

  expect([proxy.messages(), proxy.hasStruck()]).toEqual([4, false]);
  socket.destroy();
});

test.each([
  ['a message that is cut never arrives', 'cut', 1, [], 0],
  ['an answer that is cut is not heard', 'cut', 2, ['a'], 0],
  ['a message arrives though its answer is lost', 'drop-answer', 1, ['a'], 0],
] as const)('%s, and its connection is reset', async (_, fault, message, arrived, killed) => {
  strike(fault, message);

  expect(await asked(await dialled(), 'a')).toBe('reset');

  expect([heard, kills, proxy.hasStruck()]).toEqual([arrived, killed, true]);
});

test('kills as a message passes, once', async () => {
  strike('kill', 1);

  const socket = await dialled();
  expect([await asked(socket, 'a'), await asked(socket, 'b')]).toEqual(['re:a', 're:b']);

  expect([heard, kills]).toEqual([['a', 'b'], 1]);
  socket.destroy();
});

test('brings a delayed message also when its sender has gone', async () => {
  strike('delay', 1);

  const socket = await dialled();
  socket.write('a');
  await eventually(() => expect(proxy.hasStruck()).toBe(true));
  socket.destroy();
  expect(heard).toEqual([]);

  await proxy.arrived();
  await eventually(() => expect(heard).toEqual(['a']));
});

test('reads the messages of gRPC among the rest of HTTP/2, in pieces of any size', () => {
  const frame = (type: number, body: string) =>
    Buffer.concat([Buffer.from([0, 0, body.length, type, 0, 0, 0, 0, 1]), Buffer.from(body)]);
  const said = Buffer.concat([
    ...[Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, ''), frame(1, 'headers')],
    ...[frame(0, 'a message'), frame(6, '12345678'), frame(0, ''), frame(0, 'another')],
  ]);
  const countIn = (pieceBytes: number) => {
    const frames = createGrpcFrames({ opening: true });
    const starts = Array.from({ length: Math.ceil(said.length / pieceBytes) }, (_, n) => n);
    return starts.flatMap((n) => frames.push(said.subarray(n * pieceBytes, (n + 1) * pieceBytes)))
      .length;
  };

  expect([1, 7, 30, said.length].map(countIn)).toEqual([2, 2, 2, 2]);
});

async function dialled(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** The answer, or that there will be none. */
async function asked(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  return once(socket, 'data').then(
    ([data]) => String(data),
    () => 'reset',
  );
}
