import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { expect, test } from 'vitest';
import { startChild } from '../../src/servers/child.js';

const CHILD = new URL('../../src/servers/child.ts', import.meta.url).href;

test('a server ends when the process that started it is killed', async () => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const server = `process.title = 'orphan'; require('net').connect(${port}, '127.0.0.1')`;
  const script = `
    import { startChild } from ${JSON.stringify(CHILD)};
    await startChild({
      command: process.execPath, args: ['-e', ${JSON.stringify(server)}], stopSignal: 'SIGTERM',
    });
  `;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const parent = spawn(process.execPath, args, { stdio: 'inherit' });
  const [socket] = (await once(listener, 'connection')) as [Socket];

  parent.kill('SIGKILL');

  await once(socket.on('error', () => undefined).resume(), 'close');
  expect(socket.closed).toBe(true);
  listener.close();
});

test('a server that ignores the stop signal can be killed, and what it wrote is kept', async () => {
  const script = "trap '' INT; echo first; echo second >&2; while :; do sleep 1; done";
  const child = await startChild({
    command: '/bin/sh',
    args: ['-c', script],
    stopSignal: 'SIGINT',
  });

  expect(await child.says('first')).toBe(true);
  expect(await child.says('second')).toBe(true);
  await child.kill();

  expect(child.tail().split('\n').sort()).toEqual(['first', 'second']);
  expect(child.hasEnded()).toBe(true);
  expect(() => process.kill(child.pid, 0)).toThrow('ESRCH');
});

test('waiting for words of a server that ends without them gives up', async () => {
  const child = await startChild({
    command: '/bin/sh',
    args: ['-c', 'echo other'],
    stopSignal: 'SIGINT',
  });

  expect(await child.says('ready')).toBe(false);
});

test('a command that is not there cannot be started', async () => {
  const start = startChild({ command: '/nothing/here', args: [], stopSignal: 'SIGINT' });

  await expect(start).rejects.toThrow('ENOENT');
});
