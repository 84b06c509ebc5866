import { tmpdir } from 'node:os';
import type { Command, OpId } from '../../src/domain/index.js';
import { childEnvironment } from '../../src/main/config.js';
import { createStackProcess } from '../../src/main/stack-process.js';
import { freePort } from '../../src/servers/index.js';
import { aGatewayCaller } from './a-gateway-caller.js';
import { type SocketName, sockets } from './cells.js';
import { anIssuer } from '../gateway/a-gateway.js';
import { createMessageProxy, type MessageProxy } from '../support/message-proxy.js';
import { aRunningWorld, type RunningWorld, type WorldOptions } from '../support/running-world.js';
import { aWorkerProcess, type WorkerProcess } from '../support/worker-process.js';

/** A world for one operation at a time, with a proxy on every socket and processes that can die. */
export interface Lane {
  readonly world: RunningWorld;
  readonly proxies: Readonly<Record<SocketName, MessageProxy>>;
  /**
   * Asks over HTTP until the gateway has accepted it, which `begins` once the gateway is there;
   * undefined for what it has no door for.
   */
  ask(
    command: Command,
    of: Parameters<typeof aGatewayCaller>[1],
    begins: () => void,
  ): Promise<OpId> | undefined;
  /** Waits until what was killed runs again. */
  whole(): Promise<void>;
  close(): Promise<void>;
}

const delayMs = 2_000;
/** Shorter than a delay: who waits gives up before the message comes. */
const answerTimeoutMs = 1_000;
const ladderMs = [50, 100, 200, 400, 800, 1_600];

/** Starts one; its gateway when it is needed. */
export async function aLane(options: WorldOptions = {}): Promise<Lane> {
  const world = await aRunningWorld({ ladderMs, ...options });
  const worker = aWorker(() => ({
    ...{ taskQueue: world.taskQueue, namespace: world.namespace, ladderMs, answerTimeoutMs },
    address: `127.0.0.1:${proxies.temporal.port}`,
    databaseUrl: through(world.database.workerUrl, proxies.postgres),
    providerUrl: through(world.providerUrl, proxies.provider),
    storeFolder: world.storeFolder,
    mailFile: world.post.mailbox.file,
  }));
  const gateway = await aGatewayProcess(world);
  const ofWorker = { kill: worker.kill, delayMs };
  const proxies = {
    gateway: await createMessageProxy({
      ...{ target: () => gateway.address, counts: 'turns', kill: gateway.kill, delayMs },
    }),
    postgres: await createMessageProxy({
      ...{ ...ofWorker, target: () => addressOf(world.database.workerUrl), counts: 'turns' },
    }),
    temporal: await createMessageProxy({
      ...{ ...ofWorker, target: () => addressOf(`tcp://${world.temporalAddress}`), counts: 'grpc' },
    }),
    provider: await createMessageProxy({
      ...{ ...ofWorker, target: () => addressOf(world.providerUrl), counts: 'turns' },
    }),
  };
  await worker.start();

  return {
    ...{ world, proxies },
    ask: (command, of, begins) => {
      const caller = aGatewayCaller(command, of);
      if (caller === undefined) return undefined;
      const url = `http://127.0.0.1:${proxies.gateway.port}`;
      return gateway.token().then((token) => {
        begins();
        return caller(url, token, answerTimeoutMs);
      });
    },
    whole: async () => {
      await Promise.all([worker.alive(), gateway.alive()]);
    },
    close: async () => {
      await Promise.all([worker.stop(), gateway.stop()]);
      await Promise.all(sockets.map((name) => proxies[name].close()));
      await world.close();
    },
  };
}

function aWorker(order: () => Parameters<typeof aWorkerProcess>[0]) {
  let living: Promise<WorkerProcess> | undefined;
  let current: WorkerProcess | undefined;
  const start = async () => {
    living = aWorkerProcess(order());
    current = await living;
    return current;
  };
  return {
    start,
    kill: () => {
      current?.signal('SIGKILL');
      living = current?.exited.then(start);
    },
    alive: async () => living,
    stop: async () => {
      const last = await living;
      last?.signal('SIGKILL');
      await last?.exited;
    },
  };
}

async function aGatewayProcess({ namespace, taskQueue, tenant, ...world }: RunningWorld) {
  const [issuer, port] = [await anIssuer(), await freePort()];
  const process = createStackProcess({
    ...{ name: 'gateway', entry: 'gateway', cwd: tmpdir(), onProgress: () => undefined },
    readyUrl: `http://127.0.0.1:${port}/readyz`,
    environment: childEnvironment({
      ...{ HOST: '127.0.0.1', PORT: `${port}`, METRICS_PORT: 'off', LOG_LEVEL: 'error' },
      ...{ AUTH_ISSUER: issuer.issuer, AUTH_AUDIENCE: issuer.audience },
      ...{ AUTH_JWKS_URL: issuer.jwksUrl, DATABASE_URL: world.database.readerUrl },
      ...{ TEMPORAL_ADDRESS: world.temporalAddress, TEMPORAL_NAMESPACE: namespace },
      HOLDFAST_TASK_QUEUE: taskQueue,
      SANDBOX_PSP_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 'webhooks').toString('base64')}`,
      PAYLOAD_KEYS: `k1:${Buffer.alloc(32, 7).toString('base64')}`,
    }),
  });
  let living: Promise<void> | undefined;
  return {
    address: { port, host: '127.0.0.1' },
    token: async () => {
      living ??= process.start();
      await living;
      return issuer.token('admin', 'tester', tenant);
    },
    kill: () => {
      living = process.kill().then(() => process.start());
    },
    alive: async () => living,
    stop: async () => {
      await living;
      await process.kill();
      await issuer.close();
    },
  };
}

function addressOf(url: string): { port: number; host: string } {
  const { port, hostname: host } = new URL(url);
  return { port: Number(port), host };
}

function through(url: string, { port }: MessageProxy): string {
  const via = new URL(url);
  via.host = `127.0.0.1:${port}`;
  return via.href;
}
