import { setTimeout as delay } from 'node:timers/promises';
import { startChild } from './child.js';
import type { Child } from './child.js';
import type { ExecutableOptions } from './executable.js';
import { awaitFreePort, freePort } from './port.js';
import { findTemporal } from './temporal-binary.js';
import type { TemporalConfig } from './temporal-config.js';
import { runTool } from './tool.js';

export interface TemporalOptions extends ExecutableOptions {
  readonly config: TemporalConfig;
  /** Keeps everything in this file between runs; in memory when left out. */
  readonly databaseFile?: string | undefined;
  /** The port of the frontend; that of the configuration when left out, 0 for any free one. */
  readonly port?: number | undefined;
  /** The port of the Web UI; as `port`. */
  readonly uiPort?: number | undefined;
  /** True for no Web UI. */
  readonly headless?: boolean | undefined;
}

export interface TemporalServer {
  /** `host:port` for clients and workers. */
  readonly address: string;
  readonly port: number;
  /** The Web UI; undefined when headless. */
  readonly uiUrl: string | undefined;
  readonly namespace: string;
  readonly pid: number;
  /** Ends it cleanly; resolves when no process is left. */
  readonly stop: () => Promise<void>;
  /** SIGKILL. Started again with the same file and ports it goes on where it was. */
  readonly kill: () => Promise<void>;
}

interface Ports {
  readonly frontend: number;
  readonly http: number;
  readonly ui: number | undefined;
}

const HOST = '127.0.0.1';
const START_TIMEOUT_MS = 60_000;

/**
 * Starts a Temporal development server and resolves when workflows can be started on it: the
 * frontend, the history behind it, namespace, retention, search attributes and Web UI are there.
 * It ends with {@link TemporalServer.stop}, or by itself soon after our process dies.
 * @throws Error that says what to install, which port is taken, or what the server said.
 */
export async function startTemporal(options: TemporalOptions): Promise<TemporalServer> {
  const command = await findTemporal(options);
  const ports = await choosePorts(options);
  const args = startArgs(options, ports);
  const child = await startChild({ command, args, stopSignal: 'SIGINT' });
  try {
    await awaitReady(child, options.config, ports);
    await settleNamespace(command, options.config, ports);
  } catch (error) {
    await child.kill();
    throw error;
  }
  return {
    address: `${HOST}:${ports.frontend}`,
    port: ports.frontend,
    uiUrl: ports.ui === undefined ? undefined : `http://${HOST}:${ports.ui}`,
    namespace: options.config.namespace,
    pid: child.pid,
    stop: child.stop,
    kill: child.kill,
  };
}

async function choosePorts({ config, port, uiPort, headless }: TemporalOptions): Promise<Ports> {
  const choose = async (wanted: number, use: string): Promise<number> => {
    if (wanted === 0) return freePort();
    await awaitFreePort(wanted, use);
    return wanted;
  };
  const frontend = await choose(port ?? config.ports.frontend, 'Temporal');
  const ui = headless ? undefined : await choose(uiPort ?? config.ports.ui, 'Temporal Web UI');
  return { frontend, ui, http: await freePort() };
}

function startArgs({ config, databaseFile }: TemporalOptions, ports: Ports): string[] {
  const ui = ports.ui === undefined ? ['--headless'] : ['--ui-port', `${ports.ui}`];
  const file = databaseFile === undefined ? [] : ['--db-filename', databaseFile];
  const pairs = (flag: string, values: Readonly<Record<string, string>>): string[] =>
    Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
  return [
    ...['server', 'start-dev', '--log-level', 'warn', '--ip', HOST],
    ...['--port', `${ports.frontend}`, '--http-port', `${ports.http}`, ...ui, ...file],
    ...(config.namespace === 'default' ? [] : ['--namespace', config.namespace]),
    ...pairs('--search-attribute', config.searchAttributes),
    ...pairs('--sqlite-pragma', config.sqlitePragmas),
    ...Object.entries(config.dynamicConfig).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${JSON.stringify(value)}`,
    ]),
  ];
}

async function awaitReady(child: Child, config: TemporalConfig, ports: Ports): Promise<void> {
  const api = namespaceUrl(config, ports);
  const wanted = [
    { url: api, status: 200 },
    // Only the history service knows that there is no such workflow.
    { url: `${api}/workflows/is-history-there`, status: 404 },
    ...(ports.ui === undefined ? [] : [{ url: `http://${HOST}:${ports.ui}/`, status: 200 }]),
  ];
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (const { url, status } of wanted) {
    while ((await statusOf(url)) !== status) {
      if (child.hasEnded()) throw new Error(`Temporal did not start:\n${child.tail()}`);
      if (performance.now() > deadline) {
        throw new Error(`Temporal did not answer within 60 s:\n${child.tail()}`);
      }
      await delay(100);
    }
  }
}

async function statusOf(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}

/** Gives a namespace that an earlier run made what the configuration has come to say since. */
async function settleNamespace(
  command: string,
  config: TemporalConfig,
  ports: Ports,
): Promise<void> {
  const { namespace, searchAttributes, retentionHours } = config;
  const api = namespaceUrl(config, ports);
  const ttl = `${retentionHours * 3600}s`;
  await call(`${api}/update`, { config: { workflowExecutionRetentionTtl: ttl } });
  const { customAttributes = {} } = (await call(`${api}/search-attributes`)) as {
    customAttributes?: Record<string, string>;
  };
  for (const [name, type] of Object.entries(searchAttributes)) {
    const there = customAttributes[name]?.replace('INDEXED_VALUE_TYPE_', '').replaceAll('_', '');
    if (there === type.toUpperCase()) continue;
    if (there !== undefined) {
      throw new Error(`The search attribute ${name} is ${there} in the kept data, not ${type}.`);
    }
    const address = ['--address', `${HOST}:${ports.frontend}`, '--namespace', namespace];
    await runTool({
      command,
      args: ['operator', 'search-attribute', 'create', ...address, '--name', name, '--type', type],
      ifMissing: 'The temporal command is gone.',
    });
  }
}

async function call(url: string, body?: unknown): Promise<unknown> {
  const response = await fetch(url, {
    signal: AbortSignal.timeout(10_000),
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  if (!response.ok)
    throw new Error(`Temporal answered ${response.status}: ${await response.text()}`);
  return response.json();
}

function namespaceUrl({ namespace }: TemporalConfig, ports: Ports): string {
  return `http://${HOST}:${ports.http}/api/v1/namespaces/${namespace}`;
}
