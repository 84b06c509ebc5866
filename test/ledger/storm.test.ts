import { setInterval as every } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classify, createDatabase } from '../../src/database/index.js';
import { createLedger, type Ledger } from '../../src/ledger/index.js';
import { captureOf, declineOf } from '../support/envelopes.js';
import { createProxy, type Proxy } from '../support/proxy.js';
import { aWorld, type Tenant } from './world.js';

const here = aWorld(16);
const lanes = Array.from({ length: 16 }, (_, n) => `customer-${n}`);
const triesMax = 500;

/** The answer of a verb, asked again after every fault of the database; counts the faults. */
async function answered<T>(call: () => Promise<T>, faults: unknown[]): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await call();
    } catch (fault) {
      if (classify(fault) === 'bug' || tried === triesMax) throw fault;
      faults.push(fault);
    }
  }
}

/** One payment through its verbs: settled, or released each third time. */
async function pay(ledger: Ledger, tenant: Tenant, account: string, n: number, faults: unknown[]) {
  const envelope = tenant.payment({ account, amount: 1 + (n % 7) });
  const held = await answered(() => ledger.hold(envelope), faults);
  if (held.kind !== 'held') throw new Error(`not held: ${JSON.stringify(held)}`);
  const end = await answered<{ readonly kind: string }>(
    () =>
      n % 3 === 0
        ? ledger.release(envelope, declineOf(envelope))
        : ledger.settle(envelope.opId, captureOf(envelope)),
    faults,
  );
  return { kind: end.kind, minor: held.minor };
}

async function opened(): Promise<Tenant> {
  const tenant = here.aTenant();
  await tenant.open('shop', { kind: 'merchant' });
  for (const name of lanes) await tenant.open(name, { funds: 1_000_000 });
  return tenant;
}

describe('while backends are killed', () => {
  test('every payment is served, each once, and nothing is rejected unheard', async () => {
    const tenant = await opened();
    const unheard: unknown[] = [];
    const hear = (error: unknown) => unheard.push(error);
    process.on('unhandledRejection', hear).on('uncaughtException', hear);
    const faults: unknown[] = [];
    let storming = true;

    const payments = lanes.map(async (account) => {
      const ends = [];
      for (let n = 0; storming; n += 1) {
        ends.push(await pay(here.world.ledger, tenant, account, n, faults));
      }
      return { account, ends };
    });
    const killed = await killBackends(100);
    storming = false;
    const lived = await Promise.all(payments);
    process.off('unhandledRejection', hear).off('uncaughtException', hear);

    expect(unheard).toEqual([]);
    expect(killed).toBeGreaterThan(0);
    expect(faults.length).toBeGreaterThan(0);
    for (const { account, ends } of lived) {
      expect(ends.length).toBeGreaterThan(0);
      const spent = ends
        .filter(({ kind }) => kind === 'settled')
        .reduce((sum, { minor }) => sum + minor, 0);
      const posted = 1_000_000 - spent;
      expect(await tenant.balance(account)).toEqual({ posted, held: 0, available: posted });
    }
    const count = lived.reduce((sum, { ends }) => sum + ends.length, 0);
    expect(await here.world.reads.countOperations(tenant.tenant, { domain: 'Payment' })).toBe(
      count,
    );
    expect(await tenant.violations()).toEqual([]);
  });

  /** Ends one connection of the ledger, any one, every 50 ms; gives how many it found. */
  async function killBackends(times: number): Promise<number> {
    let killed = 0;
    let left = times;
    for await (const _ of every(50)) {
      const [row] = await here.world.rows<{ killed: number }>(
        `select count(pg_terminate_backend(pid))::int as killed from (
           select pid from pg_stat_activity
            where datname = current_database() and application_name = 'test-worker'
            order by random() limit 1) one`,
      );
      killed += row?.killed ?? 0;
      left -= 1;
      if (left === 0) break;
    }
    return killed;
  }
});

describe('behind a network that fails', () => {
  let proxy: Proxy;
  let ledger: Ledger;
  let end: () => Promise<void>;
  beforeAll(async () => {
    const { workerUrl } = here.world.urls;
    proxy = await createProxy({ port: Number(new URL(workerUrl).port) });
    const database = createDatabase({
      url: proxy.via(workerUrl),
      poolMax: 4,
      applicationName: 'test-behind-proxy',
      acquireTimeoutMs: 1_000,
      connectTimeoutMs: 500,
      answerTimeoutMs: 500,
    });
    ledger = createLedger(database);
    end = () => database.close(100);
  });
  afterAll(async () => {
    await end();
    await proxy.close();
  });

  test('calls into a black hole end, and all are served once it heals', async () => {
    const tenant = await opened();
    await ledger.hold(tenant.payment({ account: 'customer-0', amount: 1 }));
    const envelopes = lanes.map((account) => tenant.payment({ account, amount: 1 }));

    proxy.blackHole();
    const lost = await Promise.allSettled(envelopes.map((envelope) => ledger.hold(envelope)));
    proxy.heal();
    const faults: unknown[] = [];
    const held = await Promise.all(
      envelopes.map((envelope) => answered(() => ledger.hold(envelope), faults)),
    );

    const words = lost.map((one) =>
      one.status === 'rejected' ? classify(one.reason) : 'answered',
    );
    expect(words.filter((word) => word !== 'unavailable' && word !== 'busy')).toEqual([]);
    expect(held.map(({ kind }) => kind)).toEqual(lanes.map(() => 'held'));
    for (const account of lanes.slice(1)) {
      expect(await tenant.balance(account)).toMatchObject({ held: 1 });
    }
    expect(await tenant.violations()).toEqual([]);
  });

  test('a hold whose answer was lost after it was done is not done again', async () => {
    const tenant = await opened();
    const envelope = tenant.payment({ account: 'customer-0', amount: 5 });
    await answered(() => ledger.hold(tenant.payment({ account: 'customer-1', amount: 1 })), []);

    proxy.dropAnswerOnce();
    const fault = await ledger.hold(envelope).catch((error: unknown) => error);
    const again = await answered(() => ledger.hold(envelope), []);

    expect(['retryable', 'unavailable']).toContain(classify(fault));
    expect(again).toMatchObject({ kind: 'held', replayed: true });
    expect(await tenant.balance('customer-0')).toMatchObject({ held: 5 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('a settle whose answer was lost after it was done is not done again', async () => {
    const tenant = await opened();
    const envelope = await tenant.held({ account: 'customer-0', amount: 5 });
    const settle = () => ledger.settle(envelope.opId, captureOf(envelope));
    await answered(() => ledger.hold(tenant.payment({ account: 'customer-1', amount: 1 })), []);

    proxy.dropAnswerOnce();
    await expect(settle()).rejects.toThrow();
    const again = await answered(settle, []);

    expect(again).toMatchObject({ kind: 'settled', replayed: true });
    expect(await tenant.balance('customer-0')).toMatchObject({ posted: 999_995, held: 0 });
    expect(await tenant.balance('shop')).toMatchObject({ posted: 5 });
    expect(await tenant.violations()).toEqual([]);
  });

  test('each verb is one round trip', async () => {
    const tenant = await opened();
    const faults: unknown[] = [];
    // Warm: the first use of a text on a connection asks for its types besides.
    for (const n of [0, 1, 2, 3]) await pay(ledger, tenant, 'customer-0', n, faults);
    const envelope = tenant.payment({ account: 'customer-0', amount: 1 });
    const before = proxy.postgresRoundTrips();

    await ledger.hold(envelope);
    await ledger.settle(envelope.opId, captureOf(envelope));

    expect(proxy.postgresRoundTrips() - before).toBe(2);
  });
});
