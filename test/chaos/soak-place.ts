import { nanoid } from 'nanoid';
import { openConnection } from '../../src/database/connection.js';
import { createDatabase, type Database } from '../../src/database/index.js';
import { createHttpApi, isOperation, type OperationBody } from '../../src/main/http-api.js';
import { createReads, type Reads } from '../../src/ledger/reads.js';
import type { StackProcess } from '../../src/main/stack-process.js';
import { eventually } from '../support/eventually.js';
import { aStack, type TestStack } from '../support/stack.js';
import { createCaller, type Ears } from './soak-callers.js';
import { aSmallDisk, type SmallDisk } from './small-disk.js';
import { type Cast, driver, poor, shop } from './soak-flows.js';

/** The whole system with two workers and some customers, to be broken. */
export interface SoakPlace extends TestStack {
  readonly workers: readonly StackProcess[];
  readonly disk: SmallDisk | undefined;
  /** As the owner of the database, for who looks at all of it. */
  readonly database: Database;
  /** The same, more patient than a gateway: it reads everything. */
  readonly reads: Reads;
  /** One statement as the owner, on a connection of its own. */
  owner(statement: string): Promise<readonly object[]>;
  /** Each customer, with those that it deals with. */
  cast(ears: Ears, ended: AbortSignal): Promise<readonly Cast[]>;
}

interface Wanted {
  /** Whether the ledger is to be on a disk that can be full. */
  readonly isOnDisk: boolean;
  onLine(name: string, line: string): void;
  onProgress(line: string): void;
}

const environment = {
  LOG_LEVEL: 'info',
  // Patient enough that nothing is parked for a fault of some seconds.
  DOUBT_LADDER: '250ms,500ms,1s,1s,2s,2s,5s,5s,10s,10s,20s,20s',
  BREAKER_STAGE_MS: '1000',
};
const customers = ['alice', 'bob', 'carol', 'dave'] as const;
const funds = 10_000_000_00;
const currency = 'EUR';

/** Starts all of it, with accounts that are funded. */
export async function aSoakPlace({ isOnDisk, ...told }: Wanted): Promise<SoakPlace> {
  const running = await aStack({ environment, ...told });
  const { stack, world } = running;
  const url = stack.ownerUrl;
  const database = createDatabase({
    ...{ url, poolMax: 3, applicationName: 'soak', answerTimeoutMs: 30_000 },
  });
  const owner = (statement: string) => ownerOf(url, statement);
  let disk: SmallDisk | undefined;
  const stop = async () => {
    await database.close(1_000);
    await running.stop();
    await disk?.remove();
  };
  try {
    if (isOnDisk) disk = await aSmallDisk(owner);
    const workers = [stack.worker, await stack.addWorker()];
    await openAccounts(running);
    return {
      ...{ ...running, workers, disk, database, owner, stop },
      reads: createReads(database),
      async cast(ears, ended) {
        const as = async (role: string, subject: string) => {
          const token = await stack.token(role, subject, world.tenant);
          return createCaller(createHttpApi({ url: stack.urls.gateway, token }), ears, ended);
        };
        const staff = await as('operator', 'staff');
        return Promise.all(
          customers.map(async (account, n) => {
            const friend = customers[(n + 1) % customers.length] ?? account;
            return { account, friend, staff, customer: await as('customer', account) };
          }),
        );
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function openAccounts({ world: { api, atRest } }: TestStack): Promise<void> {
  const open = async (path: string, body: object) => {
    const answer = await api.post<OperationBody>(path, body, { key: nanoid(), waitSeconds: 20 });
    if (answer.status >= 400) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
    if (isOperation(answer.body)) await atRest(answer.body.opId);
  };
  const owned = customers.map((id) => ({ id, kind: 'customer', owner: id }));
  const others = [
    { id: poor, kind: 'customer' },
    { id: driver, kind: 'customer' },
    { id: shop, kind: 'merchant' },
  ];
  await Promise.all(
    [...owned, ...others].map((account) => open('/v1/accounts', { currency, ...account })),
  );
  await Promise.all(
    [...customers, shop].map((id) =>
      open(`/v1/accounts/${id}/funding`, { amount: funds, currency }),
    ),
  );
}

/** A server that is just coming back is asked again. */
function ownerOf(url: string, statement: string): Promise<readonly object[]> {
  return eventually(
    async () => {
      const connection = openConnection({
        ...{ url, applicationName: 'soak', connectTimeoutMs: 10_000 },
        connectionLifetimeSeconds: 3_600,
      });
      try {
        return [...(await connection.sql.unsafe(statement))] as object[];
      } finally {
        await connection.close(1_000);
      }
    },
    { timeoutMs: 20_000, everyMs: 200 },
  );
}
