import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const HOST = '127.0.0.1';

/** A TCP port of this machine that nothing listens on at the moment. */
export async function freePort(): Promise<number> {
  const port = await listenOnce(0);
  if (port === undefined) throw new Error('This machine has no free TCP port.');
  return port;
}

/**
 * Resolves when nothing listens on the port; waits up to 10 s, because a server of an earlier run
 * may still be ending.
 * @throws Error that names the port and what to do.
 */
export async function awaitFreePort(port: number, use: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    if ((await listenOnce(port)) !== undefined) return;
    await delay(200);
  }
  throw new Error(
    `Port ${port} (${use}) is taken by another program: stop that program or choose another port.`,
  );
}

async function listenOnce(wanted: number): Promise<number | undefined> {
  const server = createServer().listen(wanted, HOST);
  try {
    await once(server, 'listening');
  } catch {
    return undefined;
  }
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? address?.port : undefined;
}
