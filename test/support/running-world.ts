import { Client as TemporalClient } from '@temporalio/client';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  bundleWorkflowCode,
  DefaultLogger,
  NativeConnection,
  type ReplayWorkerOptions,
  Runtime,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { nanoid } from 'nanoid';
import { inject } from 'vitest';
import type { NoticeDeps } from '../../src/activities/index.js';
import { type Client, createClient, createKeyRing, type KeyRing } from '../../src/client/index.js';
import {
  type AccountId,
  accountIdOf,
  type Currency,
  commands,
  type OpId,
  type PaymentPayload,
} from '../../src/domain/index.js';
import { createLedger, createUploadReads, type Ledger } from '../../src/ledger/index.js';
import { createReads, type Reads } from '../../src/ledger/reads.js';
import { createHoldfastWorker, workflowsPath } from '../../src/main/compose-worker.js';
import type { ObjectStore, UploadFiles } from '../../src/objects/index.js';
import type { PaymentProvider } from '../../src/providers/provider.js';
import type { Services } from '../../src/providers/service.js';
import type { Charge, FaultRule } from '../../src/providers/sandbox/index.js';
import type { Sweep } from '../../src/reconciler/index.js';
import { startTracing } from '../../src/telemetry/index.js';
import { aPostOffice, type PostOffice } from './a-post-office.js';
import { aDatabase, type TestDatabase } from './database.js';
import { aStore, filesOf } from './a-store.js';
import { anOutside, shownBy } from './the-outside.js';

export interface WorldOptions {
  /** On the time-skipping server: waits of hours pass at once. */
  readonly timeSkipping?: boolean;
  readonly ladderMs?: readonly number[];
  readonly requestTimeoutMs?: number;
  readonly visibilityDelayMs?: number;
  /** The books of another world: its database and its tenant, seen by a Temporal of this one. */
  readonly books?: Pick<RunningWorld, 'database' | 'tenant'>;
}

/** How a worker of a test differs from the one of production. */
export interface Crooked {
  readonly taskQueue?: string;
  readonly paymentCallsMax?: number;
  readonly buildId?: string;
  readonly sweep?: Sweep;
  ledger?(honest: Ledger): Ledger;
  provider?(honest: PaymentProvider): PaymentProvider;
  services?(honest: Services): Services;
  files?(honest: UploadFiles): UploadFiles;
  notices?(honest: NoticeDeps): NoticeDeps;
}

/** Everything that a payment goes through, real, with one tenant, queue and database of its own. */
export interface RunningWorld {
  readonly client: Client;
  readonly temporal: TemporalClient;
  readonly ledger: Ledger;
  readonly reads: Reads;
  readonly keys: KeyRing;
  readonly tenant: string;
  readonly taskQueue: string;
  readonly namespace: string;
  readonly temporalAddress: string;
  readonly database: TestDatabase;
  readonly providerUrl: string;
  /** Where files are kept, and the folder of it. */
  readonly store: ObjectStore;
  readonly storeFolder: string;
  readonly tracing: ReturnType<typeof startTracing>;
  readonly post: PostOffice;
  /** Tells the provider how to misbehave. */
  fault(rule: FaultRule): Promise<void>;
  /** Ends all of the provider's faults. */
  heal(): Promise<void>;
  /** What the provider itself wrote down as captured, of an operation or of all. */
  charges(opId?: OpId): Promise<readonly Charge[]>;
  /** The steps of an operation that it wrote down as done, each time that it did them. */
  effects(opId: OpId): Promise<readonly string[]>;
  /** How often it was asked what stands under a reference of an operation, by its own log. */
  lookUps(opId: OpId): number;
  /** A customer's account with funds of its own, in EUR unless it says otherwise. */
  account(funds: number, given?: { currency?: Currency; owner?: string }): Promise<AccountId>;
  pay(payload: Partial<PaymentPayload> & { account: AccountId }, idemKey?: string): Promise<OpId>;
  available(id: AccountId): Promise<number | undefined>;
  /** What breaks an invariant, and accounts that do not follow from their entries and holds. */
  disagreeing(): Promise<readonly string[]>;
  /** Runs a worker until the returned function is called. */
  work(crooked?: Crooked): Promise<() => Promise<void>>;
  /** Lets so much of Temporal's time pass at once; on the time-skipping server only. */
  skip(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Longer than any test: what takes time may take it. */
const ageMs = 10 * 365 * 24 * 3_600_000;

const tracing = startTracing({ service: 'test' });
let bundled: Promise<WorkflowBundleOption> | undefined;
let quiet = false;

/** The workflows, bundled once per test file as a worker of production has them. */
export function workflowBundle(): Promise<WorkflowBundleOption> {
  if (!quiet) Runtime.install({ logger: new DefaultLogger('ERROR') });
  quiet = true;
  const logger = new DefaultLogger('ERROR');
  bundled ??= bundleWorkflowCode({ workflowsPath, plugins: [tracing.plugin], logger });
  return bundled;
}

/** For a replay on the workflows of today. */
export async function replayOptions(): Promise<ReplayWorkerOptions> {
  return { workflowBundle: await workflowBundle(), plugins: [tracing.plugin] };
}

/** Starts a world; close it in afterAll. */
export async function aRunningWorld(options: WorldOptions = {}): Promise<RunningWorld> {
  const bundle = await workflowBundle();
  const [database, place, provider, objects] = await Promise.all([
    options.books?.database ?? aDatabase(),
    aTemporal(options.timeSkipping === true),
    anOutside(options),
    aStore(),
  ]);
  const tenant = options.books?.tenant ?? `tenant-${nanoid(8)}`;
  const taskQueue = `queue-${nanoid(8)}`;
  const keys = createKeyRing([{ id: 'k1', bytes: new Uint8Array(32).fill(7) }]);
  const { temporal, connection, namespace, address } = place;
  const client = createClient({ temporal, taskQueue, tenant, principal: 'tester', keys });
  const ledger = createLedger(database.database);
  const reads = createReads(database.database);
  const uploads = createUploadReads(database.database);
  const files = filesOf(objects.store);
  const post = await aPostOffice(database, tenant, keys);
  const stops: (() => Promise<void>)[] = [];

  const work = async ({ paymentCallsMax, ...crooked }: Crooked = {}) => {
    const worker = await createHoldfastWorker({
      ...{ connection, namespace, taskQueue: crooked.taskQueue ?? taskQueue },
      buildId: crooked.buildId,
      ledger: crooked.ledger?.(ledger) ?? ledger,
      provider: crooked.provider?.(provider.adapter) ?? provider.adapter,
      services: crooked.services?.(provider.services) ?? provider.services,
      objects: { uploads, files: crooked.files?.(files) ?? files },
      notices: crooked.notices?.(post.deps) ?? post.deps,
      ...(crooked.sweep !== undefined && { sweep: crooked.sweep }),
      ...(paymentCallsMax !== undefined && { paymentCallsMax }),
      ...{ plugins: [tracing.plugin], workflowBundle: bundle },
    });
    const ended = worker.run();
    const stop = async () => {
      worker.shutdown();
      await ended;
    };
    stops.push(stop);
    return stop;
  };
  return {
    ...{ client, temporal, ledger, reads, keys, tenant, taskQueue, namespace, database },
    ...{ tracing, post, temporalAddress: address },
    ...{ store: objects.store, storeFolder: objects.folder },
    ...shownBy(provider),
    ...customers(client),
    available: async (id) => (await reads.account(tenant, id))?.available,
    disagreeing: async () => {
      const checked = await reads.balanceCheck(tenant);
      const { violations } = await reads.verify({ tenant, graceMs: ageMs });
      const rows = [...checked.filter(({ agrees }) => !agrees), ...violations];
      return rows.map((row) => JSON.stringify(row));
    },
    work,
    skip: place.skip,
    close: async () => {
      await Promise.all(stops.map((stop) => stop()));
      await place.close();
      await objects.close();
      await post.close();
      await Promise.all([provider.close(), options.books === undefined && database.drop()]);
    },
  };
}

/** What a customer does in a test, through the client like anybody. */
export function customers(client: Client): Pick<RunningWorld, 'account' | 'pay'> {
  const done = async (command: Parameters<Client['start']>[0]) => {
    const { opId } = await client.start(command);
    const result = await client.result(opId);
    if (result === undefined || result.kind === 'fail') throw new Error(JSON.stringify(result));
  };

  return {
    account: async (funds, { currency = 'EUR', owner } = {}) => {
      const account = accountIdOf(`acc-${nanoid(10).replaceAll(/[-_]/g, 'x')}`);
      await done({
        ...commands.accountOpen,
        idemKey: `open:${account}`,
        payload: {
          ...{ account, currency, kind: 'customer', overdraftLimit: 0, slots: 1 },
          ...(owner !== undefined && { owner }),
        },
      });
      const payload = { account, amount: funds, currency };
      if (funds > 0) await done({ ...commands.funding, idemKey: `fund:${account}`, payload });
      return account;
    },
    pay: async (payload, idemKey = nanoid(21)) => {
      const whole = { amount: 30_00, currency: 'EUR', capture: 'automatic', method: 'card' };
      const command = { ...commands.payment, idemKey, payload: { ...whole, ...payload } };
      return (await client.start(command)).opId;
    },
  };
}

// Those of temporal-dev.yaml, as the test server takes them: Keyword is 2, Int is 3.
const searchAttributeTypes = {
  ...{ tenant: 2, operationType: 2, account: 2, currency: 2, attention: 2, amount: 3 },
} as const;

async function aTemporal(timeSkipping: boolean) {
  const { temporal, testServerPath } = inject('servers');
  if (timeSkipping) {
    const server = await TestWorkflowEnvironment.createTimeSkipping({
      server: { executable: { type: 'existing-path', path: testServerPath } },
    });
    const { client, nativeConnection: connection, namespace = 'default' } = server;
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: searchAttributeTypes,
    });
    return {
      ...{ temporal: client, connection, namespace, address: '' },
      skip: (ms: number) => server.sleep(ms),
      close: () => server.teardown(),
    };
  }
  const { address, namespace } = temporal;
  const connection = await NativeConnection.connect({ address });
  const client = new TemporalClient({ connection, namespace, plugins: [tracing.plugin] });
  return {
    ...{ temporal: client, connection, namespace, address },
    skip: () => Promise.reject(new Error('this server does not skip time')),
    close: () => connection.close(),
  };
}
