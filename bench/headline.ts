import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { nanoid } from 'nanoid';
import postgres from 'postgres';
import { createDatabase } from '../src/database/index.js';
import { createReads } from '../src/ledger/reads.js';
import { childEnvironment, type DevConfig } from '../src/main/config.js';
import { createDemoWorld, currency, type DemoWorld } from '../src/main/demo-world.js';
import type { Answer, OperationBody, ProblemBody } from '../src/main/http-api.js';
import { createStackProcess, type StackProcess } from '../src/main/stack-process.js';
import { type Stack, startStack } from '../src/main/stack.js';
import { freePort } from '../src/servers/index.js';
import { type FaultRule, readSandboxLedger } from '../src/providers/sandbox/index.js';
import { type Figure, figure } from './figures.js';
import { underLoad } from './load.js';

interface Options {
  /** Purchases of each of the two. */
  readonly count: number;
  readonly onProgress: (line: string) => void;
}

const inFlight = 100;
const payers = 50;
const amount = 12_50;
/** Of each process. */
const killsPerThousand = 0.5;

// Of the calls that charge, 28 in 100 go wrong: half of them after the money was taken.
const struck = [
  ['reset-after', 0.08],
  ['error-after', 0.07],
  ['error-before', 0.07],
  ['reset-before', 0.06],
] as const;

/**
 * The same purchases, made by a service that saves, charges and saves, and by Holdfast, while the
 * provider fails and their processes are killed. Who gets no answer asks again, as clients do.
 */
export async function benchHeadline(
  config: DevConfig,
  stops: (() => Promise<unknown>)[],
  { count, onProgress }: Options,
): Promise<Figure[]> {
  const stateDir = await mkdtemp(join(tmpdir(), 'holdfast-headline-'));
  stops.push(() => rm(stateDir, { recursive: true, force: true }));
  const { temporalCli, cacheDir } = config;
  const stack = await startStack({
    ...{ stateDir, temporalCli, cacheDir, onProgress },
    ...{ keep: false, ports: 'free' },
    // At 3 failures in a row it would hold payments back until the faults are over, and hide them.
    environment: { LOG_LEVEL: 'error', BREAKER_FAILURES: '10' },
  });
  stops.push(stack.stop);
  const database = createDatabase({
    ...{ url: stack.readerUrl, poolMax: 2, applicationName: 'holdfast-bench' },
  });
  stops.push(() => database.close(1_000));
  const world = await createDemoWorld(stack, createReads(database));
  const sql = postgres(stack.ownerUrl, { max: 1, onnotice: () => undefined });
  stops.push(() => sql.end());

  const naive = await naiveRun(world, sql, stops, { count, onProgress });
  const ours = await ourRun(world, sql, { count, onProgress });
  const percent = (part: number) => (100 * part) / count;
  return [
    figure('headline-success', percent(ours.succeeded), '%', { atLeast: 95 }),
    figure('headline-success-naive', percent(naive.succeeded), '%'),
    figure('headline-charged-twice', ours.duplicates, 'purchases', { atMost: 0 }),
    figure('headline-charged-twice-naive', naive.duplicates, 'purchases'),
    figure('headline-by-hand', ours.byHand, 'purchases', { atMost: 0 }),
    figure('headline-by-hand-naive', naive.byHand, 'purchases'),
    figure('headline-noticed-within', ours.noticedWithinMs / 1_000, 's', { atMost: 30 }),
    figure('headline-never-noticed-naive', naive.unnoticed, 'charges'),
  ];
}

async function naiveRun(
  world: DemoWorld,
  sql: postgres.Sql,
  stops: (() => Promise<unknown>)[],
  { count, onProgress }: Options,
) {
  const service = await naiveService(world.stack, sql, onProgress);
  stops.push(service.process.stop);
  await service.process.start();
  const buy = async (wanted: string) => {
    for (;;) {
      const answer = await fetch(`${service.url}/purchases`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ wanted, amount, currency }),
      }).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer !== undefined) return answer.status === 201;
      await delay(200);
    }
  };
  const told = await underFaults(world, [service.process], { count, onProgress }, buy);
  const rows = await service.sql<{ wanted: string; paid: number; pending: number }[]>`
    select wanted, count(*) filter (where state = 'paid')::int paid,
           count(*) filter (where state = 'pending')::int pending
      from purchase group by wanted`;
  await service.sql.end();
  await service.process.stop();
  const charges = await chargesOf(world);
  const judged = rows.map(({ wanted, paid, pending }) => {
    const taken = charges.get(wanted) ?? 0;
    return {
      succeeded: told.get(wanted) === true && paid === 1 && taken === 1 && pending === 0,
      duplicate: taken > 1,
      byHand: pending > 0 || paid !== taken,
      unnoticed: Math.max(0, taken - paid),
    };
  });
  return {
    succeeded: judged.filter((one) => one.succeeded).length,
    duplicates: judged.filter((one) => one.duplicate).length,
    byHand: judged.filter((one) => one.byHand).length,
    unnoticed: judged.reduce((sum, one) => sum + one.unnoticed, 0),
  };
}

async function ourRun(world: DemoWorld, sql: postgres.Sql, { count, onProgress }: Options) {
  const accounts = await openAccounts(world);
  const opIds = new Set<string>();
  let next = 0;
  const buy = async (wanted: string) => {
    const account = accounts[(next += 1) % accounts.length] as string;
    const payment = { account, amount, currency };
    const { opId } = await insisting(() =>
      world.api.post<OperationBody>('/v1/payments', payment, { key: wanted, waitSeconds: 20 }),
    );
    opIds.add(opId);
    return true;
  };
  const { worker, gateway } = world.stack;
  await underFaults(world, [worker, gateway], { count, onProgress }, buy);
  onProgress('Waiting for what is still open ...');
  await untilNoneIsOpen(sql, world.tenant, onProgress);
  const charges = await chargesOf(world);
  const rows = await sql<{ op_id: string; state: string; cases: number }[]>`
    select o.op_id, o.state, (select count(*) from ledger.case c where c.op = o.id)::int cases
      from ledger.operation o where o.tenant = ${world.tenant} and o.op_id = any(${[...opIds]})`;
  return {
    succeeded: rows.filter(({ op_id, state }) => state === 'COMPLETED' && charges.get(op_id) === 1)
      .length,
    duplicates: rows.filter(({ op_id }) => (charges.get(op_id) ?? 0) > 1).length,
    byHand: rows.filter(({ cases }) => cases > 0).length,
    noticedWithinMs: await noticedWithin(world, sql),
  };
}

/** Buys so often, some at once, while the provider fails and the processes are killed in turn. */
async function underFaults(
  world: DemoWorld,
  processes: readonly StackProcess[],
  { count, onProgress }: Options,
  buy: (wanted: string) => Promise<boolean>,
): Promise<ReadonlyMap<string, boolean>> {
  for (const rule of faultRules()) await world.fault(rule);
  const told = new Map<string, boolean>();
  const kills = Math.max(1, (killsPerThousand * count) / 1_000) * processes.length;
  const every = Math.ceil(count / (kills + 1));
  let begun = 0;
  let killing: Promise<void> = Promise.resolve();
  const name = processes.map((one) => one.name).join(' and ');
  await underLoad({ count, inFlight, atMostMs: Number.POSITIVE_INFINITY }, async () => {
    const wanted = `purchase-${nanoid(10)}`;
    begun += 1;
    if (begun % every === 0) {
      const victim = processes[(begun / every) % processes.length] as StackProcess;
      onProgress(`${begun} of ${count} purchases; ${victim.name} is killed.`);
      killing = killing.then(() => victim.kill()).then(() => victim.start());
    }
    told.set(wanted, await buy(wanted));
  });
  await killing;
  onProgress(`${count} purchases from ${name}.`);
  await fetch(`${world.stack.urls.provider}/faults`, { method: 'DELETE' });
  return told;
}

function faultRules(): FaultRule[] {
  let left = 1;
  return struck.map(([fault, share], index) => {
    // The first rule that strikes is the one: those behind it see the rest.
    const probability = share / left;
    left -= share;
    return { fault, probability, seed: index + 1, match: { method: 'POST', path: '/charges' } };
  });
}

/** How many charges stand and were not given back, by what is in front of the colon. */
async function chargesOf(world: DemoWorld): Promise<Map<string, number>> {
  const taken = new Map<string, number>();
  for (const { opId, amount: captured, refunded } of await world.charges()) {
    if (refunded < captured) taken.set(opId, (taken.get(opId) ?? 0) + 1);
  }
  return taken;
}

async function naiveService(stack: Stack, sql: postgres.Sql, onProgress: (line: string) => void) {
  await sql`create database naive`;
  const url = new URL(stack.ownerUrl);
  url.pathname = '/naive';
  const port = await freePort();
  const process = createStackProcess({
    ...{ name: 'naive', entry: '../../bench/naive-service', cwd: tmpdir(), onProgress },
    readyUrl: `http://127.0.0.1:${port}/livez`,
    args: [url.href, stack.urls.provider, `${port}`],
    environment: childEnvironment({}),
  });
  const own = postgres(url.href, { max: 1, onnotice: () => undefined });
  return { process, url: `http://127.0.0.1:${port}`, sql: own };
}

async function openAccounts({ api, atRest }: DemoWorld): Promise<readonly string[]> {
  const ids = Array.from({ length: payers }, (_, index) => `payer-${index}`);
  for (const id of ids) {
    const opened = await insisting(() =>
      api.post<OperationBody | object>('/v1/accounts', { id, currency, kind: 'customer' }),
    );
    if ('opId' in opened) await atRest(opened.opId);
    const funding = { amount: 1_000_000_00, currency };
    const funded = await insisting(() =>
      api.post<OperationBody>(`/v1/accounts/${id}/funding`, funding, { key: `fund-the-${id}` }),
    );
    await atRest(funded.opId);
  }
  return ids;
}

/** Asks the same again until it is taken; throws with the problem when it is refused. */
async function insisting<Body extends object>(
  ask: () => Promise<Answer<Body | ProblemBody>>,
): Promise<Body> {
  for (; ; await delay(200)) {
    const answer = await ask().catch(() => undefined);
    if (answer === undefined || answer.status === 429 || answer.status >= 500) continue;
    if (answer.status < 300) return answer.body as Body;
    throw new Error(`the gateway refused: ${JSON.stringify(answer.body)}`);
  }
}

async function untilNoneIsOpen(
  sql: postgres.Sql,
  tenant: string,
  onProgress: (line: string) => void,
): Promise<void> {
  for (let before = -1; ; await delay(2_000)) {
    const [row] = await sql<{ open: number }[]>`
      select count(*)::int open from ledger.operation
       where tenant = ${tenant} and state in ('PENDING', 'IN_PROGRESS')
         and phase is distinct from 'parked'`;
    const open = row?.open ?? 0;
    if (open === 0) return;
    if (open !== before) onProgress(`${open} are open.`);
    before = open;
  }
}

/** Longest that money was taken and the books said neither that it was nor that it may be. */
async function noticedWithin({ stack, tenant }: DemoWorld, sql: postgres.Sql): Promise<number> {
  const entries = await readSandboxLedger(stack.providerLedgerFile);
  const events = await sql<{ op_id: string; type: string; at: Date }[]>`
    select o.op_id, x.type, x.at from ledger.outbox x join ledger.operation o on o.id = x.op
     where o.tenant = ${tenant} order by x.op, x.seq`;
  const byOperation = new Map<string, (typeof events)[number][]>();
  for (const event of events) {
    byOperation.set(event.op_id, [...(byOperation.get(event.op_id) ?? []), event]);
  }
  let longestMs = 0;
  for (const entry of entries) {
    if (entry.type !== 'charge') continue;
    const { reference, createdAt } = entry.charge;
    const own = byOperation.get(reference.split(':')[0] ?? '') ?? [];
    if (own.length === 0) continue;
    if (own.some(({ type, at }) => type === 'payment.in-doubt' && at.getTime() <= createdAt))
      continue;
    const noticed = own.find(({ at }) => at.getTime() > createdAt);
    longestMs = Math.max(
      longestMs,
      (noticed?.at.getTime() ?? Number.POSITIVE_INFINITY) - createdAt,
    );
  }
  return longestMs;
}
