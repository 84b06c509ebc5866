import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { awaitFreePort, freePort } from '../servers/port.js';
import { bundleWorkflows } from './bundle-workflows.js';
import { childEnvironment, tokenConfig } from './config.js';
import { standInUrls } from './compose-services.js';
import { type StackNotices, stackNotices } from './stack-notices.js';
import { createStackProcess, type StackProcess } from './stack-process.js';
import {
  type ServersOptions,
  type StackDatabase,
  type StackTemporal,
  stackLinkSecret,
  stackPayloadKeys,
  stackWebhookSecret,
  startStackDatabase,
  startStackIssuer,
  startStackTemporal,
} from './stack-servers.js';

/** Where the stack listens, on 127.0.0.1. */
export interface StackPorts {
  readonly gateway: number;
  readonly workerHealth: number;
  readonly relayHealth: number;
  readonly sandbox: number;
  /** Of the far side of all channels: HTTP, and mail. */
  readonly notices: number;
  readonly noticesSmtp: number;
  /** Of /metrics; off when left out. */
  readonly gatewayMetrics?: number;
  readonly workerMetrics?: number;
  readonly relayMetrics?: number;
  /** Those of temporal-dev.yaml when left out. */
  readonly temporal?: number;
  readonly temporalUi?: number;
}

export interface StackOptions extends Omit<ServersOptions, 'temporalPort' | 'temporalUiPort'> {
  /** `free`: any ports that nobody listens on. */
  readonly ports: 'free' | StackPorts;
  /** Over the environment that our own processes get, such as `{ DOUBT_LADDER: '1s,2s' }`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Told every line that a process of ours writes. */
  readonly onLine?: (name: string, line: string) => void;
}

/** Everything that Holdfast needs, running: real servers, and each process of ours as itself. */
export interface Stack {
  readonly urls: {
    readonly gateway: string;
    readonly docs: string;
    readonly temporalUi: string;
    readonly provider: string;
    readonly notices: string;
  };
  /** For the role that may read, and for the owner. */
  readonly readerUrl: string;
  readonly ownerUrl: string;
  readonly namespace: string;
  /** What the provider itself wrote down. */
  readonly providerLedgerFile: string;
  /** What came through of notices, by the far side's own record. */
  readonly noticesLedgerFile: string;
  readonly worker: StackProcess;
  readonly gateway: StackProcess;
  readonly sandbox: StackProcess;
  readonly noticesSandbox: StackProcess;
  readonly relay: StackProcess;
  readonly temporal: StackTemporal;
  readonly postgres: StackDatabase['server'];
  /** One more worker on the same queue, serving; it stops with all the rest. */
  addWorker(): Promise<StackProcess>;
  /** A bearer token for the gateway. */
  token(role: string, subject: string, tenant: string): Promise<string>;
  /** Stops all in order, the gateway first; resolves when no process is left. */
  stop(): Promise<void>;
}

type Stop = () => Promise<unknown>;

/**
 * Starts the whole stack and resolves when the gateway serves. Whatever was started is stopped
 * again when something cannot start; the error says what, in words for the one who ran it.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { stateDir, onProgress } = options;
  await mkdir(stateDir, { recursive: true });
  const ports = options.ports === 'free' ? await freePorts() : options.ports;
  if (options.ports !== 'free') await awaitPorts(ports);
  const servers = { ...options, temporalPort: ports.temporal, temporalUiPort: ports.temporalUi };

  // Stopped in the opposite order of this list, which is the order in which one needs the other.
  const stops: Stop[] = [];
  const started = async <Part>(starting: Promise<Part>, stop: (part: Part) => Stop) => {
    const part = await starting;
    stops.push(stop(part));
    return part;
  };
  const stop = async () => {
    for (const next of stops.splice(0).reverse()) await next();
  };
  try {
    onProgress('Starting PostgreSQL and Temporal ...');
    const bundle = join(stateDir, 'workflow-bundle.js');
    const [database, temporal, issuer] = await allOrThrow([
      started(startStackDatabase(servers), (part) => part.stop),
      started(startStackTemporal(servers), (part) => part.stop),
      started(startStackIssuer(stateDir), (part) => part.close),
      // Once, and not by each worker that is started.
      bundleWorkflows(bundle),
    ]);
    const keys = await stackPayloadKeys(stateDir);
    const webhookSecret = await stackWebhookSecret(stateDir);
    const linkSecret = await stackLinkSecret(stateDir);
    const { jwksUrl } = issuer;
    const notices = await stackNotices(stateDir, ports);
    const secrets = { keys, webhookSecret, linkSecret };
    const where = { database, temporal, jwksUrl, ...secrets, notices, ports, bundle };
    const { providerLedgerFile, workerAt, ...ours } = processes(options, where);
    const { worker, gateway, sandbox, noticesSandbox, relay } = ours;
    const all = [sandbox, noticesSandbox, relay, worker, gateway];
    onProgress('Starting provider, channels of notices, worker, relay and gateway ...');
    for (const process of all) stops.push(process.stop);
    await allOrThrow(all.map((process) => process.start()));
    const url = `http://127.0.0.1:${ports.gateway}`;
    return {
      urls: {
        gateway: url,
        docs: `${url}/docs`,
        temporalUi: temporal.uiUrl,
        provider: `http://127.0.0.1:${ports.sandbox}`,
        notices: `http://127.0.0.1:${ports.notices}`,
      },
      readerUrl: database.readerUrl,
      ownerUrl: database.ownerUrl,
      namespace: temporal.namespace,
      noticesLedgerFile: notices.ledgerFile,
      ...{ providerLedgerFile, ...ours, temporal, postgres: database.server, stop },
      addWorker: async () => {
        const another = workerAt(await freePort());
        stops.push(another.stop);
        await another.start();
        return another;
      },
      token: (role, subject, tenant) => issuer.sign({ role, subject, tenant }),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Whereabouts {
  readonly database: { readonly workerUrl: string; readonly readerUrl: string };
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly jwksUrl: string;
  readonly keys: string;
  readonly webhookSecret: string;
  readonly notices: StackNotices;
  readonly linkSecret: string;
  readonly ports: StackPorts;
  readonly bundle: string;
}

function processes(options: StackOptions, where: Whereabouts) {
  const { stateDir, onProgress, onLine } = options;
  const { database, temporal, jwksUrl, keys, webhookSecret, notices, ports } = where;
  const { issuer, audience } = tokenConfig();
  const providerLedgerFile = join(stateDir, 'provider.jsonl');
  const processOf = (name: string, port: number, ready: string, own: Record<string, string>) =>
    createStackProcess({
      ...{ name, entry: name, cwd: stateDir, onProgress, onLine },
      args: name === 'worker' ? [where.bundle] : [],
      readyUrl: `http://127.0.0.1:${port}${ready}`,
      environment: childEnvironment({
        ...options.environment,
        HOST: '127.0.0.1',
        TEMPORAL_ADDRESS: temporal.address,
        TEMPORAL_NAMESPACE: temporal.namespace,
        // A service name of somebody's own would be the same for all of them.
        OTEL_SERVICE_NAME: undefined,
        PAYLOAD_KEYS: keys,
        ...own,
      }),
    });
  const workerAt = (port: number, metricsPort?: number) =>
    processOf('worker', port, '/readyz', {
      DATABASE_URL: database.workerUrl,
      HEALTH_PORT: `${port}`,
      METRICS_PORT: `${metricsPort ?? 'off'}`,
      ...notices.environment,
      SANDBOX_PSP_URL: `http://127.0.0.1:${ports.sandbox}`,
      SERVICE_URLS: standInUrls(`http://127.0.0.1:${ports.sandbox}`),
    });
  return {
    ...{ providerLedgerFile, workerAt },
    sandbox: processOf('sandbox', ports.sandbox, '/livez', {
      SANDBOX_PSP_PORT: `${ports.sandbox}`,
      SANDBOX_PSP_LEDGER_FILE: providerLedgerFile,
      SANDBOX_PSP_WEBHOOK_URL: `http://127.0.0.1:${ports.gateway}/v1/webhooks/sandbox`,
      SANDBOX_PSP_WEBHOOK_SECRET: webhookSecret,
    }),
    noticesSandbox: processOf('notices-sandbox', ports.notices, '/livez', notices.environment),
    worker: workerAt(ports.workerHealth, ports.workerMetrics),
    relay: processOf('relay', ports.relayHealth, '/readyz', {
      DATABASE_URL: database.workerUrl,
      HEALTH_PORT: `${ports.relayHealth}`,
      METRICS_PORT: `${ports.relayMetrics ?? 'off'}`,
      EVENT_SINKS: options.environment?.['EVENT_SINKS'] ?? 'log,notices',
    }),
    gateway: processOf('gateway', ports.gateway, '/readyz', {
      DATABASE_URL: database.readerUrl,
      PORT: `${ports.gateway}`,
      METRICS_PORT: `${ports.gatewayMetrics ?? 'off'}`,
      SANDBOX_PSP_WEBHOOK_SECRET: webhookSecret,
      ...notices.environment,
      DOWNLOAD_LINK_SECRET: where.linkSecret,
      AUTH_ISSUER: issuer,
      AUTH_AUDIENCE: audience,
      AUTH_JWKS_URL: jwksUrl,
    }),
  };
}

/** Waits for all of them, also when one fails: what was started must be known to be stopped. */
async function allOrThrow<const Parts extends readonly unknown[]>(parts: Parts) {
  await Promise.allSettled(parts);
  return Promise.all(parts);
}

async function freePorts(): Promise<StackPorts> {
  const ports = new Set<number>();
  while (ports.size < 6) ports.add(await freePort());
  const [gateway = 0, workerHealth = 0, relayHealth = 0, ...others] = ports;
  const [sandbox = 0, notices = 0, noticesSmtp = 0] = others;
  const sandboxes = { sandbox, notices, noticesSmtp };
  return { gateway, workerHealth, relayHealth, ...sandboxes, temporal: 0, temporalUi: 0 };
}

const variableOf: Readonly<Partial<Record<keyof StackPorts, string>>> = {
  gateway: 'PORT',
  workerHealth: 'HEALTH_PORT',
  relayHealth: 'HEALTH_PORT (the relay takes the next one)',
  sandbox: 'SANDBOX_PSP_PORT',
  notices: 'NOTICES_SANDBOX_PORT',
  noticesSmtp: 'NOTICES_SANDBOX_SMTP_PORT',
  gatewayMetrics: 'METRICS_PORT (the gateway takes the next one)',
  relayMetrics: 'METRICS_PORT (the relay takes the one after that)',
  workerMetrics: 'METRICS_PORT',
};

async function awaitPorts(ports: StackPorts): Promise<void> {
  for (const [use, port] of Object.entries(ports) as [keyof StackPorts, number][]) {
    await awaitFreePort(port, `${use}, set by ${variableOf[use]}`);
  }
}
