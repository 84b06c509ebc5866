// A worker like any other, which kills itself right after one step: done, and nobody was told.
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createDatabase } from '../../src/database/index.js';
import { createLedger } from '../../src/ledger/index.js';
import { createHoldfastWorker } from '../../src/main/compose-worker.js';
import { createSandboxProvider } from '../../src/providers/sandbox/index.js';
import { startTracing } from '../../src/telemetry/index.js';
import { around, type StepName } from './around.js';

interface Order {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly codePath: string;
  readonly databaseUrl: string;
  readonly providerUrl: string;
  readonly dieAfter: StepName;
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
const order = JSON.parse(process.argv[2] ?? '') as Order;
const { namespace, taskQueue, codePath } = order;
const deadly = around({
  [order.dieAfter]: async (call: () => Promise<unknown>) => {
    await call();
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {});
  },
});
const database = createDatabase({ url: order.databaseUrl, poolMax: 2, applicationName: 'dying' });
const ledger = createLedger(database);
const provider = createSandboxProvider({ baseUrl: order.providerUrl, requestTimeoutMs: 1_000 });
const worker = await createHoldfastWorker({
  connection: await NativeConnection.connect({ address: order.address }),
  ...{ namespace, taskQueue, workflowBundle: { codePath } },
  ledger: deadly.ledger?.(ledger) ?? ledger,
  provider: deadly.provider?.(provider) ?? provider,
  plugins: [startTracing({ service: 'dying' }).plugin],
});
const ended = worker.run();
process.send?.('running');
await ended;
