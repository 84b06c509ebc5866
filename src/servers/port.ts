import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const HOST = '127.0.0.1';
// Below the ports that systems give to outgoing connections (Linux from 32768, others from 49152):
// there, any connection can take the port before its server binds it, or while it is restarted.
const FIRST_PORT = 20_000;
const END_PORT = 32_000;
const TRIES_MAX = 100;

/** A TCP port of this machine that nothing listens on, and that no outgoing connection is given. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const port = randomInt(FIRST_PORT, END_PORT);
    if (await isFree(port)) return port;
  }
  throw new Error(`This machine has no free TCP port from ${FIRST_PORT} to ${END_PORT - 1}.`);
}

/**
 * Resolves when nothing listens on the port; waits up to 10 s, because a server of an earlier run
 * may still be ending.
 * @throws Error that names the port and what to do.
 */
export async function awaitFreePort(port: number, use: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    if (await isFree(port)) return;
    await delay(200);
  }
  throw new Error(
    `Port ${port} (${use}) is taken by another program: stop that program or choose another port.`,
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, HOST);
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
