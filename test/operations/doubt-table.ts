import { nanoid } from 'nanoid';
import { type Client, createClient } from '../../src/client/index.js';
import {
  type AccountId,
  commands,
  isFinal,
  type OpId,
  type OutsideStep,
} from '../../src/domain/index.js';
import type { FaultRule } from '../../src/providers/sandbox/index.js';
import { capture } from '../../src/workflows/messages.js';
import { eventually } from '../support/eventually.js';
import { lagging } from '../support/lagging.js';
import type { RunningWorld } from '../support/running-world.js';
import type { Cell, Scenario } from './doubt-scenarios.js';

/** How one step ended under one fault. */
export interface Row {
  readonly opId: OpId;
  readonly step: OutsideStep;
  readonly fault: string;
  /** `HELD` where what was authorised stands; `PARKED` where only a person can go on. */
  readonly state: 'COMPLETED' | 'FAILED' | 'HELD' | 'PARKED';
  /** Why it was refused or parked. */
  readonly code: string;
  /** How often the provider did the step, by its own look-ups. */
  readonly effects: number;
  /** What our entries made of the amount. */
  readonly entries: 'moved' | 'held' | 'given back';
  /** Whether the customer's balance follows from the entries and holds. */
  readonly agrees: boolean;
}

/** Two task queues of one world, and a client for each. */
export interface Table {
  readonly world: RunningWorld;
  /** For scenarios whose first look shows nothing yet. */
  readonly lagging: Client;
  /** What was left parked or held. */
  readonly open: OpId[];
}

const collections = {
  ...{ charge: 'charges', authorize: 'charges', capture: 'captures', void: 'voids' },
  ...{ refund: 'refunds', payout: 'payouts' },
} as const satisfies Record<OutsideStep, string>;
const paths = { capture: 'capture', void: 'void', refund: 'refunds' } as const;

type FaultMatch = NonNullable<FaultRule['match']>;

const funds = 500_00;
let amounts = 100_00;

/** Starts the workers that cells are played on; the world's close stops them. */
export async function layTable(world: RunningWorld): Promise<Table> {
  const taskQueue = `lagging-${nanoid(8)}`;
  await Promise.all([world.work(), world.work({ taskQueue, provider: lagging })]);
  const { temporal, tenant } = world;
  const client = createClient({ temporal, tenant, taskQueue, principal: 'tester' });
  return { world, lagging: client, open: [] };
}

/** Ends what nobody comes for any more: it must not outlive its world. */
export async function clearTable({ world, open }: Table): Promise<void> {
  await Promise.all(open.map((opId) => world.temporal.workflow.getHandle(opId).terminate()));
}

// Together, for they mostly wait; not all, for a provider takes 100 faults and a worker its time.
const together: readonly (readonly OutsideStep[])[] = [
  ['charge', 'capture'],
  ['authorize', 'void'],
  ['refund', 'payout'],
];

/** Plays cells, many at once; gives the rows in their order. */
export async function playAll(table: Table, cells: readonly Cell[]): Promise<Row[]> {
  const rows = new Map<Cell, Row>();
  for (const group of together) {
    const own = cells.filter(({ step }) => group.includes(step));
    await Promise.all(own.map(async (cell) => rows.set(cell, await play(table, cell))));
    await table.world.heal();
  }
  return cells.flatMap((cell) => rows.get(cell) ?? []);
}

/** Plays one cell to its end, on an account and an amount that no other has. */
async function play(table: Table, { step, scenario }: Cell): Promise<Row> {
  const { world } = table;
  amounts += 1;
  const amount = amounts;
  const client = scenario.lags === true ? table.lagging : world.client;
  const account = await world.account(funds);
  const begun = await beforeFault({ world, client, step, scenario, account, amount });
  const { opId, match } = begun;
  for (const strike of scenario.strikes) await world.fault({ ...strike, match });
  if (scenario.looksFail === true) await world.fault(failingLooks(step, opId));
  await begun.act();

  const end = await endOf(world, step, opId);
  if (!isFinal(end.row.state)) table.open.push(opId);
  const checked = await world.reads.balanceCheck(world.tenant);
  return {
    ...{ opId, step, fault: scenario.name, state: end.state, code: end.code },
    effects: await effectsOf(world, step, opId),
    entries: await entriesOf(world, opId, amount),
    agrees: checked.find((one) => one.account === account)?.agrees === true,
  };
}

interface Played {
  readonly world: RunningWorld;
  readonly client: Client;
  readonly step: OutsideStep;
  readonly scenario: Scenario;
  readonly account: AccountId;
  readonly amount: number;
}

interface Begun {
  readonly opId: OpId;
  /** The calls of this step, and no others. */
  readonly match: FaultMatch;
  /** Makes the step happen. */
  act(): Promise<unknown>;
}

/** Everything up to the step, so that the fault can be posted before it. */
function beforeFault(cell: Played): Promise<Begun> | Begun {
  const { step, account, amount, client, scenario } = cell;
  if (step === 'capture' || step === 'void') return beforeEndOfHold(cell, step);
  if (step === 'refund') return beforeRefund(cell);
  const common = { account, amount, currency: 'EUR' };
  const command =
    step === 'payout'
      ? { ...commands.payout, payload: { ...common, destination: 'tok_bank' } }
      : { ...commands.payment, payload: { ...common, ...card(step) } };
  const match = { method: 'POST', path: `/${collections[step]}`, amount } as const;
  return started(client, { ...command, idemKey: nanoid() }, match, scenario);
}

function card(step: 'charge' | 'authorize') {
  return { capture: step === 'charge' ? 'automatic' : 'manual', method: 'card' };
}

async function beforeRefund({ world, client, account, amount, scenario }: Played): Promise<Begun> {
  // More is paid than goes back, so that the provider could do it twice.
  const payment = await world.pay({ account, amount: 2 * amount });
  await world.client.result(payment);
  const payload = { account, amount, currency: 'EUR', payment };
  const command = { ...commands.refund, idemKey: nanoid(), payload };
  return started(client, command, await moveOf(world, payment, 'refund'), scenario);
}

function started(
  client: Client,
  command: Parameters<Client['start']>[0],
  match: FaultMatch,
  { timeBudget }: Scenario,
): Begun {
  const { opId } = client.identify(command);
  const options = timeBudget === undefined ? {} : { timeBudget };
  return { opId, match, act: () => client.start(command, options) };
}

async function beforeEndOfHold(cell: Played, step: 'capture' | 'void'): Promise<Begun> {
  const { world, client, account, amount } = cell;
  const payload = { account, amount, currency: 'EUR', ...card('authorize') };
  const { opId } = await client.start({ ...commands.payment, idemKey: nanoid(), payload });
  await eventually(async () => {
    const row = await world.reads.operation(world.tenant, opId);
    if (row?.phase !== 'held') throw new Error(`${opId} is not held`);
  });
  const handle = world.temporal.workflow.getHandle(opId);
  const wish = () =>
    step === 'void' ? client.withdraw(opId) : handle.executeUpdate(capture, { args: [{}] });
  const act = () =>
    eventually(async () => {
      const { kind } = await wish();
      if (kind !== 'accepted') throw new Error(`${step} of ${opId}: ${kind}`);
    });
  return { opId, match: await moveOf(world, opId, step), act };
}

async function moveOf(
  world: RunningWorld,
  payment: OpId,
  step: keyof typeof paths,
): Promise<FaultMatch> {
  const [charge] = await atProvider(world, 'charges', payment);
  if (charge === undefined) throw new Error(`${payment} has no charge`);
  return { method: 'POST', path: `/charges/${charge.id}/${paths[step]}` };
}

/** With the colon, so that the table itself, which asks by the operation, is answered. */
function failingLooks(step: OutsideStep, opId: OpId): FaultRule {
  const match = { method: 'GET', path: `/${collections[step]}` } as const;
  return { fault: 'error-before', match: { ...match, referencePrefix: `${opId}:` } };
}

/** Waits for the end of the operation, or for where nothing goes on by itself. */
async function endOf(world: RunningWorld, step: OutsideStep, opId: OpId) {
  return eventually(
    async () => {
      const row = await world.reads.operation(world.tenant, opId);
      if (row !== undefined && isFinal(row.state)) {
        const state = row.state === 'COMPLETED' ? ('COMPLETED' as const) : ('FAILED' as const);
        return { row, state, code: row.outcome?.code ?? '' };
      }
      const noted = await lastNote(world, opId);
      if (row?.phase === 'parked') return { row, state: 'PARKED' as const, code: noted.reason };
      // An authorisation stands until somebody asks; so it does when its capture was refused.
      const stands = step === 'authorize' || noted.reason.startsWith('a capture was refused');
      if (row?.phase !== 'held' || !stands) throw new Error(`${opId} goes on: ${row?.phase}`);
      const code = step === 'authorize' ? '' : noted.reason;
      return { row, state: 'HELD' as const, code };
    },
    { timeoutMs: 25_000, everyMs: 100 },
  );
}

async function lastNote(world: RunningWorld, opId: OpId): Promise<{ readonly reason: string }> {
  const [last] = await world.database.owner<{ reason: string }[]>`
    select s.result #>> '{detail,reason}' as reason
      from ledger.step s join ledger.operation o on o.id = s.op
     where o.op_id = ${opId} and s.step like 'phase.%' order by s.at desc limit 1`;
  return last ?? { reason: '' };
}

interface Shown {
  readonly id: string;
  readonly status: string;
}

/** What the provider itself says of everything that was done under this operation. */
async function atProvider(
  world: RunningWorld,
  collection: (typeof collections)[OutsideStep],
  opId: OpId,
): Promise<readonly Shown[]> {
  const answer = await fetch(`${world.providerUrl}/${collection}?reference=${opId}`);
  return ((await answer.json()) as { data: Shown[] }).data;
}

const undone: readonly string[] = ['pending', 'declined', 'failed'];

async function effectsOf(world: RunningWorld, step: OutsideStep, opId: OpId): Promise<number> {
  const shown = await atProvider(world, collections[step], opId);
  return shown.filter(({ status }) => !undone.includes(status)).length;
}

async function entriesOf(world: RunningWorld, opId: OpId, amount: number): Promise<Row['entries']> {
  const [sums] = await world.database.owner<{ moved: number; held: number }[]>`
    select coalesce(sum(e.posted_delta) filter (where e.posted_delta > 0), 0)::int as moved,
           coalesce(sum(e.held_delta), 0)::int as held
      from ledger.entry e join ledger.operation o on o.id = e.op where o.op_id = ${opId}`;
  const { moved, held } = sums ?? { moved: 0, held: 0 };
  if (moved === amount && held === 0) return 'moved';
  if (moved === 0 && held === amount) return 'held';
  if (moved === 0 && held === 0) return 'given back';
  throw new Error(`${opId} of ${amount}: ${moved} moved, ${held} held`);
}
