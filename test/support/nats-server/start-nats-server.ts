import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, startChild } from '../../../src/servers/child.js';
import { freePort } from '../../../src/servers/index.js';
import { goTool } from '../go-tool.js';

/** A NATS server with JetStream, on a port and a store that stay the same. */
export interface NatsServer {
  readonly url: string;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again on what it had stored. */
  restart(): Promise<void>;
  /** Ends it for good, with its store. */
  stop(): Promise<void>;
}

interface NatsServerOptions {
  readonly port?: number;
  /** Lines of its configuration. */
  readonly config?: string;
}

/** The real one, built once with Go, pinned by the go.sum beside this file. */
export async function startNatsServer(options: NatsServerOptions = {}): Promise<NatsServer> {
  const command = await goTool({
    ...{ name: 'nats-server', version: 'v2.15.2', package: 'github.com/nats-io/nats-server/v2' },
    ...{ module: import.meta.url, takes: '15 s to a minute' },
  });
  const store = await mkdtemp(join(tmpdir(), 'holdfast-nats-'));
  const port = options.port ?? (await freePort());
  const config = join(store, 'nats.conf');
  await writeFile(config, options.config ?? '');
  let child = await start();

  async function start(): Promise<Child> {
    const started = await startChild({
      command,
      args: ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', store, '-c', config],
      stopSignal: 'SIGTERM',
      removeIfOrphaned: store,
    });
    if (await started.says('Server is ready')) return started;
    await rm(store, { recursive: true, force: true });
    throw new Error(`nats-server did not start:\n${started.tail()}`);
  }

  return {
    url: `nats://127.0.0.1:${port}`,
    kill: () => child.kill(),
    async restart() {
      child = await start();
    },
    async stop() {
      await child.stop();
      await rm(store, { recursive: true, force: true });
    },
  };
}
