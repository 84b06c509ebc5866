import { startChild } from '../../../src/servers/child.js';
import { freePort } from '../../../src/servers/index.js';
import { goTool } from '../go-tool.js';

/**
 * Stripe's own mock on a free port: it has no memory and does nothing, but refuses what does not
 * fit Stripe's OpenAPI. Built once with Go, pinned by the go.sum beside this file.
 */
export async function startStripeMock(): Promise<{ url: string; stop: () => Promise<void> }> {
  const command = await goTool({
    ...{ name: 'stripe-mock', version: 'v0.203.0', package: 'github.com/stripe/stripe-mock' },
    ...{ module: import.meta.url, takes: '10 s to a minute' },
  });
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const child = await startChild({
    command,
    args: ['-http-addr', address],
    stopSignal: 'SIGTERM',
  });
  if (!(await child.says('Listening for HTTP'))) {
    throw new Error(`stripe-mock did not start:\n${child.tail()}`);
  }
  return { url: `http://${address}`, stop: child.stop };
}
