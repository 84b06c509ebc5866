import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testConfig } from '../../../src/main/config.js';
import { startChild } from '../../../src/servers/child.js';
import { freePort } from '../../../src/servers/index.js';
import { madeOnce } from '../../../src/servers/made-once.js';
import { runTool } from '../../../src/servers/tool.js';

const version = 'v0.203.0';
const onProgress = (line: string) => void process.stderr.write(`${line}\n`);

/**
 * Stripe's own mock on a free port: it has no memory and does nothing, but refuses what does not
 * fit Stripe's OpenAPI. Built once with Go, pinned by the go.sum beside this file.
 */
export async function startStripeMock(): Promise<{ url: string; stop: () => Promise<void> }> {
  const name = `stripe-mock-${version}-${process.platform}-${process.arch}`;
  const command = await madeOnce(join(testConfig().cacheDir, name), build, onProgress);
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

// A module of its own, and not a tool of the servers' one: there its old dependencies would take
// part in choosing the versions that the Temporal CLI is built from.
async function build(temporary: string): Promise<void> {
  await runTool({
    command: 'go',
    args: [
      'build',
      '-mod=readonly',
      '-ldflags=-s -w',
      '-o',
      temporary,
      'github.com/stripe/stripe-mock',
    ],
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    ifMissing: 'stripe-mock cannot be built: install Go 1.25 or newer.',
    doing: 'Building stripe-mock (once, 10 s to a minute)',
    onProgress,
  });
}
