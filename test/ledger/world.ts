import { nanoid } from 'nanoid';
import { afterAll, beforeAll } from 'vitest';
import { createDatabase, type Database } from '../../src/database/index.js';
import type {
  AccountEditPayload,
  AccountId,
  AccountOpenPayload,
  Envelope,
  PaymentCommand,
} from '../../src/domain/index.js';
import { createLedger, type Ledger } from '../../src/ledger/index.js';
import { type AccountRow, createReads, type Reads } from '../../src/ledger/reads.js';
import { aDatabase, type TestDatabase } from '../support/database.js';
import { envelopesOf } from '../support/envelopes.js';

/** How an account of a test begins. Customers in EUR with nothing, unless it says otherwise. */
export type Given = Partial<Omit<AccountOpenPayload, 'account'>> &
  Pick<AccountEditPayload, 'status'> & { readonly funds?: number };

/** The ledger of one test file, on a database of its own, as the worker's role sees it. */
export interface World {
  readonly ledger: Ledger;
  readonly database: Database;
  readonly reads: Reads;
  /** Where the database is, for tests that connect as somebody else. */
  readonly urls: Pick<TestDatabase, 'ownerUrl' | 'workerUrl' | 'readerUrl'>;
  /** Rows as the owner of the schema sees them, who may also break them. */
  rows<Row extends object>(query: string, ...values: readonly unknown[]): Promise<readonly Row[]>;
}

/** A tenant of one test, so that what it asserts is all there is. */
export type Tenant = ReturnType<typeof createTenant>;

/** Makes the world of this file before its first test and takes it down after its last. */
export function aWorld(poolMax = 16): { readonly world: World; aTenant(): Tenant } {
  let made: World | undefined;
  let end: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const test = await aDatabase();
    const database = createDatabase({
      url: test.workerUrl,
      poolMax,
      acquireTimeoutMs: 20_000,
      applicationName: 'test-worker',
    });
    end = async () => {
      await database.close(1_000);
      await test.drop();
    };
    made = {
      ledger: createLedger(database),
      database,
      reads: createReads(database),
      urls: test,
      rows: async (query, ...values) =>
        [...(await test.owner.unsafe(query, values as string[]))] as never,
    };
  });
  afterAll(() => end?.());
  const it = {
    get world() {
      if (made === undefined) throw new Error('the world is made before the first test');
      return made;
    },
    aTenant: () => createTenant(it.world, `tenant-${nanoid(8)}`),
  };
  return it;
}

function createTenant(world: World, tenant: string) {
  const { ledger, reads } = world;
  const envelopes = envelopesOf(tenant);

  /** The account as it stands; throws when there is none. */
  async function account(name: string): Promise<AccountRow> {
    const row = await reads.account(tenant, name as AccountId);
    if (row === undefined) throw new Error(`no account ${name}`);
    return row;
  }

  async function open(name: string, { funds = 0, status, ...given }: Given = {}): Promise<void> {
    const { currency = 'EUR' } = given;
    mustBe('opened', await ledger.openAccount(envelopes.opening({ account: name, ...given })));
    if (funds > 0) {
      const funding = envelopes.funding({ account: name, amount: funds, currency });
      mustBe('funded', await ledger.fund(funding));
    }
    if (status !== undefined) {
      const { version } = await account(name);
      mustBe(
        'edited',
        await ledger.editAccount(envelopes.edit({ account: name, version, status })),
      );
    }
  }

  return {
    ...envelopes,
    tenant,
    open,
    account,
    /** A payment whose money is held. */
    async held(...asked: Parameters<typeof envelopes.payment>): Promise<Envelope<PaymentCommand>> {
      const envelope = envelopes.payment(...asked);
      mustBe('held', await ledger.hold(envelope));
      return envelope;
    },
    /** What is set aside and what is left of an account. */
    async balance(name: string) {
      const { posted, held, available } = await account(name);
      return { posted, held, available };
    },
    /** Every row of the tenant, as text: equal before and after means nothing changed. */
    async everything(): Promise<string> {
      const [row] = await world.rows<{ all: string }>(
        `select concat_ws(E'\\n', ${tables
          .map(
            (name) => `(select string_agg(t::text, E'\\n' order by t::text) from ledger.${name} t
             where t.tenant = $1)`,
          )
          .join(', ')}) as all`,
        tenant,
      );
      return row?.all ?? '';
    },
    /** The invariants that do not hold, those about time apart; empty when all is well. */
    async violations(): Promise<readonly string[]> {
      const { violations } = await reads.verify({ tenant, graceMs: ageMs });
      return violations.map(({ name }) => name);
    },
  };
}

/** Longer than any test: what takes time may take it. */
const ageMs = 10 * 365 * 24 * 3_600_000;

const tables = [
  ...['operation', 'account', 'hold', 'entry', 'step', 'attempt', 'outbox', 'audit', 'case'],
  ...['approval', 'upload', 'upload_part', 'recipient', 'recipient_address', 'notice'],
  'notice_delivery',
];

function mustBe(kind: string, answer: { readonly kind: string }): void {
  if (answer.kind !== kind) throw new Error(`not ${kind}: ${JSON.stringify(answer)}`);
}
