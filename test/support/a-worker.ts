// A worker like any other, in a process of its own. It may kill itself right after one step: done,
// and nobody was told.
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createDatabase } from '../../src/database/index.js';
import { createKeyRing } from '../../src/client/index.js';
import { createLedger, createLetters, createUploadReads } from '../../src/ledger/index.js';
import { createHoldfastWorker } from '../../src/main/compose-worker.js';
import { openObjectStore } from '../../src/objects/index.js';
import { createSandboxProvider } from '../../src/providers/sandbox/index.js';
import { startTracing } from '../../src/telemetry/index.js';
import { filesOf } from './a-store.js';
import { theChannels } from './a-channel.js';
import { type Around, around, type StepName } from './around.js';
import { servicesAt } from './services-at.js';

/** All that it is told, in one argument. */
export interface Order {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly codePath: string;
  readonly databaseUrl: string;
  readonly providerUrl: string;
  readonly storeFolder: string;
  /** Where its notices come out. */
  readonly mailFile: string;
  readonly dieAfter?: StepName;
  /** Waits between look-ups in doubt. */
  readonly ladderMs?: readonly number[];
  /** Bounds an answer of the database. */
  readonly answerTimeoutMs?: number;
}

Runtime.install({ logger: new DefaultLogger('ERROR') });
const order = JSON.parse(process.argv[2] ?? '') as Order;
const { namespace, taskQueue, codePath, dieAfter, ladderMs, answerTimeoutMs } = order;
const dying: Around = async (call) => {
  await call();
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
};
const deadly = around(dieAfter === undefined ? {} : { [dieAfter]: dying });
const database = createDatabase({
  ...{ url: order.databaseUrl, poolMax: 2, applicationName: 'a-worker' },
  ...(answerTimeoutMs !== undefined && { answerTimeoutMs }),
});
const ledger = createLedger(database);
const provider = createSandboxProvider({
  ...{ baseUrl: order.providerUrl, requestTimeoutMs: 1_000 },
  ...(ladderMs !== undefined && { ladderMs }),
});
const services = servicesAt(order.providerUrl, { requestTimeoutMs: 1_000, ladderMs });
const files = filesOf(await openObjectStore({ kind: 'file', folder: order.storeFolder }));
const notices = {
  channels: theChannels({ file: order.mailFile }),
  letters: createLetters(database),
  open: createKeyRing([{ id: 'k1', bytes: new Uint8Array(32).fill(7) }]).open,
  limitPerHour: 20,
};
const worker = await createHoldfastWorker({
  connection: await NativeConnection.connect({ address: order.address }),
  ...{ namespace, taskQueue, workflowBundle: { codePath } },
  ledger: deadly.ledger?.(ledger) ?? ledger,
  provider: deadly.provider?.(provider) ?? provider,
  services: deadly.services?.(services) ?? services,
  objects: { uploads: createUploadReads(database), files: deadly.files?.(files) ?? files },
  notices: deadly.notices?.(notices) ?? notices,
  plugins: [startTracing({ service: 'a-worker' }).plugin],
});
const ended = worker.run();
process.send?.('running');
await ended;
