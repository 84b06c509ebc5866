import type { WorkflowClientInterceptor } from '@temporalio/client';
import { nanoid } from 'nanoid';
import { type Client, createClient } from '../src/client/index.js';
import { type AccountId, accountIdOf, type Command, commands } from '../src/domain/index.js';
import type { HoldfastWorker } from '../src/main/compose-worker.js';
import { createProxy } from '../test/support/proxy.js';
import { type Figure, figure, medianFigure, quantile } from './figures.js';
import { type Measured, underLoad } from './load.js';
import type { Place } from './place.js';

export interface PaymentBenchOptions {
  /** Rounds in which all three are measured once. */
  readonly slices: number;
  /** Operations of each, per slice, at 50 in flight; and at 1 in flight, where 50 are enough. */
  readonly count: number;
  readonly onProgress: (line: string) => void;
}

const contenders = ['ours', 'empty', 'naive'] as const;
type Contender = (typeof contenders)[number];
/** At 50 in flight and at 1. */
type Slice = Readonly<Record<Contender, { readonly many: Measured; readonly one: Measured }>>;

const inFlight = 50;
const alone = 50;
const manyAtMostMs = 5_000;
const oneAtMostMs = 1_000;
const payers = 50;
const currency = 'EUR';
// Enough for all that a payer could ever pay here.
const funds = 1_000_000_00;

/**
 * A payment beside an empty workflow started the same way and beside the same steps as three
 * ordinary activities: in slices that take turns, so that what disturbs one disturbs all.
 */
export async function benchPayment(place: Place, options: PaymentBenchOptions): Promise<Figure[]> {
  const { onProgress } = options;
  onProgress('Counting what one payment costs ...');
  const costs = await costsOfOne(place);

  const taskQueue = 'bench';
  const worker = await place.worker(taskQueue, place.databaseUrl);
  return whileAtWork(worker, async () => {
    const runs = await contendersOn(place, taskQueue);
    onProgress('Warming up ...');
    await slice(runs, options, contenders);
    const rssBefore = process.memoryUsage.rss();
    const slices: Slice[] = [];
    for (let turn = 0; turn < options.slices; turn += 1) {
      const next = await slice(runs, options, rotated(contenders, turn));
      onProgress(`Slice ${turn + 1} of ${options.slices}: ${sliceLine(next)}`);
      slices.push(next);
    }
    const rssGrowthMb = (process.memoryUsage.rss() - rssBefore) / 2 ** 20;
    return [...speeds(slices), ...costs, figure('rss-growth-mb', rssGrowthMb, 'MiB')];
  });
}

async function whileAtWork<Result>(
  worker: HoldfastWorker,
  measure: () => Promise<Result>,
): Promise<Result> {
  const working = worker.run();
  try {
    return await measure();
  } finally {
    worker.shutdown();
    await working;
  }
}

type Runs = Readonly<Record<Contender, () => Promise<void>>>;

async function contendersOn(place: Place, taskQueue: string): Promise<Runs> {
  const tenant = `bench-${nanoid(8)}`;
  const common = { taskQueue, tenant };
  const ours = createClient({ ...common, temporal: place.temporal(), eager: true });
  const empty = createClient({ ...common, temporal: place.temporal(startsEmpty), eager: true });
  const naive = createClient({ ...common, temporal: place.temporal(startsNaive) });
  const accounts = await openAccounts(ours);
  let next = 0;
  const paying = (client: Client, kind: string) => async () => {
    next += 1;
    await ended(client, paymentOf(accounts[next % payers]), kind);
  };
  return {
    ours: paying(ours, 'settled'),
    empty: paying(empty, 'empty'),
    naive: paying(naive, 'settled'),
  };
}

/** Started as ours is, down to memo and search attributes; only the workflow is another. */
const startsEmpty: WorkflowClientInterceptor = {
  startWithDetails: (input, next) => next({ ...input, workflowType: 'emptyPayment' }),
};

/** Started with nothing but an id, a queue and the input. */
const startsNaive: WorkflowClientInterceptor = {
  startWithDetails(input, next) {
    const { workflowId, taskQueue, args, retry, followRuns } = input.options;
    const options = { workflowId, taskQueue, args, retry, followRuns } as typeof input.options;
    return next({ ...input, workflowType: 'naivePayment', options });
  },
};

async function slice(
  runs: Runs,
  { count }: PaymentBenchOptions,
  order: readonly Contender[],
): Promise<Slice> {
  const measured = new Map<Contender, Slice[Contender]>();
  for (const name of order) {
    const many = await underLoad({ count, inFlight, atMostMs: manyAtMostMs }, runs[name]);
    const few = { count: Math.min(count, alone), inFlight: 1, atMostMs: oneAtMostMs };
    measured.set(name, { many, one: await underLoad(few, runs[name]) });
  }
  return Object.fromEntries(measured) as Slice;
}

function speeds(slices: readonly Slice[]): Figure[] {
  const perSecond = (name: Contender) => slices.map((one) => one[name].many.perSecond);
  const p50 = (name: Contender) => slices.map((one) => quantile(one[name].one.latenciesMs, 0.5));
  const [rate, latency] = [perSecond('ours'), p50('ours')];
  const all = slices.flatMap((one) => one.ours.one.latenciesMs);
  const ratio = (of: readonly number[], to: readonly number[]) =>
    of.map((value, index) => value / (to[index] ?? Number.NaN));
  return [
    medianFigure('payment-to-empty', ratio(rate, perSecond('empty')), 'ratio', { atLeast: 0.45 }),
    medianFigure('payment-to-naive', ratio(rate, perSecond('naive')), 'ratio', { atLeast: 1.2 }),
    medianFigure('latency-to-naive', ratio(latency, p50('naive')), 'ratio', { atMost: 0.6 }),
    medianFigure('latency-to-empty', ratio(latency, p50('empty')), 'ratio'),
    medianFigure('payments-per-second', rate, '1/s'),
    medianFigure('latency-p50-ms', latency, 'ms'),
    figure('latency-p99-ms', quantile(all, 0.99), 'ms'),
  ];
}

function sliceLine(of: Slice): string {
  return contenders
    .map((name) => {
      const { many, one } = of[name];
      const p50 = quantile(one.latenciesMs, 0.5);
      return `${name} ${many.perSecond.toFixed(0)}/s, ${p50.toFixed(1)} ms`;
    })
    .join('; ');
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const at = by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}

/** Round trips on the wire to PostgreSQL, and events in the history, of one settled payment. */
async function costsOfOne(place: Place): Promise<Figure[]> {
  const proxy = await createProxy({ port: Number(new URL(place.databaseUrl).port) });
  const taskQueue = 'bench-costs';
  const worker = await place.worker(taskQueue, proxy.via(place.databaseUrl));
  const temporal = place.temporal();
  const tenant = `bench-${nanoid(8)}`;
  const client = createClient({ temporal, taskQueue, tenant, eager: true });
  try {
    return await whileAtWork(worker, async () => {
      const accounts = await openAccounts(client, 1);
      // The first one prepares the statements.
      await ended(client, paymentOf(accounts[0]), 'settled');
      const before = proxy.postgresRoundTrips();
      const opId = await ended(client, paymentOf(accounts[0]), 'settled');
      const roundTrips = proxy.postgresRoundTrips() - before;
      const { events } = await temporal.workflow.getHandle(opId).fetchHistory();
      return [
        figure('sql-round-trips', roundTrips, 'per payment', { atMost: 2 }),
        figure('history-events', events?.length ?? 0, 'per payment', { atMost: 14 }),
      ];
    });
  } finally {
    await proxy.close();
  }
}

async function openAccounts(client: Client, count = payers): Promise<readonly AccountId[]> {
  const accounts = Array.from({ length: count }, () => accountIdOf(`payer-${nanoid(8)}`));
  const opening = accounts.map(async (account) => {
    const payload = { account, currency, kind: 'customer', overdraftLimit: 0, slots: 1 };
    const open = { ...commands.accountOpen, idemKey: `open:${account}`, payload };
    await ended(client, open, 'opened');
    const amount = { account, currency, amount: funds };
    const fund = { ...commands.funding, idemKey: `fund:${account}`, payload: amount };
    await ended(client, fund, 'funded');
  });
  await Promise.all(opening);
  return accounts;
}

function paymentOf(account: AccountId | undefined): Command {
  const payload = { account, amount: 12_50, currency, capture: 'automatic', method: 'card' };
  return { ...commands.payment, idemKey: nanoid(), payload };
}

/** Starts it and waits for its end, which is this one or an error. */
async function ended(client: Client, command: Command, kind: string) {
  const { opId } = await client.start(command);
  const result = await client.result(opId);
  if (result?.kind === kind) return opId;
  throw new Error(`${command.eventType} ended otherwise: ${JSON.stringify(result)}`);
}
