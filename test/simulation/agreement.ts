import type { Lane } from './lane.js';
import type { Beginning } from './people.js';
import type { World } from './world.js';

/** An operation as the ledger has it at the end. */
interface Row {
  readonly opId: string;
  readonly domain: string;
  readonly state: string;
  readonly phase: string | null;
  readonly payload: { readonly account: string; readonly payTo?: string };
  readonly outcome: { readonly kind: string; readonly minor?: number; readonly code?: string };
  readonly parentOpId: string | null;
  readonly byHand: boolean;
  readonly method: string | null;
  readonly captured: number;
  readonly payer: string | null;
  readonly payee: string | null;
  readonly cases: number;
}

export interface SeenWorld {
  readonly tenant: string;
  readonly opened: readonly Beginning[];
  readonly world: World;
  readonly isCalm: boolean;
}

/** What ledger, provider, Temporal and plain arithmetic do not agree on, once all has ended. */
export async function disagreements(lane: Lane, seen: SeenWorld): Promise<readonly string[]> {
  const rows = await operationsOf(lane, seen.tenant);
  return [
    ...rows.filter(isLeft).map(({ opId, state, phase }) => `${opId} is left ${state} ${phase}`),
    ...doubles(seen.world),
    ...rows.flatMap((row) => outsideOf(row, rows, seen.world)),
    ...rows.flatMap((row) => toldOf(row, seen.world)),
    ...(await balancesOf(lane, seen, rows)),
    ...(seen.isCalm ? rows.filter(({ cases }) => cases > 0).map(neededPerson) : []),
  ];
}

async function operationsOf({ worker }: Lane, tenant: string): Promise<Row[]> {
  return worker.sql<Row>`
    select o.op_id as "opId", o.domain, o.state, o.phase, o.command -> 'payload' as payload,
           coalesce(o.outcome, '{}') as outcome, o.parent_op_id as "parentOpId",
           coalesce(o.outcome -> 'byHand' = 'true', false) as "byHand", h.method,
           coalesce(h.captured, 0) as captured, a.account_id as payer, b.account_id as payee,
           (select count(*) from ledger.case c where c.op = o.id) as cases
      from ledger.operation o left join ledger.hold h on h.op = o.id
      left join ledger.account a on a.id = h.account
      left join ledger.account b on b.id = h.payee
     where o.tenant = ${tenant} order by o.id`;
}

/** Neither ended, nor in front of a person. */
function isLeft({ state, phase, cases }: Row): boolean {
  if (state === 'COMPLETED' || state === 'FAILED') return false;
  return phase !== 'parked' || cases === 0;
}

/** Whatever happened, one key did one thing. */
function doubles({ outside }: World): string[] {
  const references = outside.effects.map(({ reference }) => reference);
  const twice = references.filter((one, index) => references.indexOf(one) !== index);
  return twice.map((reference) => `${reference} was done twice`);
}

/** What an ended operation says it moved, against what the provider says it did. */
function outsideOf(row: Row, rows: readonly Row[], { outside }: World): string[] {
  if (row.domain === 'Account' || row.domain === 'Late') return [];
  if (row.state !== 'COMPLETED' && row.state !== 'FAILED') return [];
  if (row.method === 'balance' || row.byHand) return [];
  const late = rows.filter(
    ({ domain, parentOpId }) => domain === 'Late' && parentOpId === row.opId,
  );
  if (late.some(({ state }) => state === 'IN_PROGRESS')) return [];
  const of = ({ opId }: Row) =>
    outside.effects.filter(
      ({ reference, declineCode }) => reference.startsWith(`${opId}:`) && declineCode === undefined,
    );
  const sum = (kinds: readonly string[], from: readonly Row[]) =>
    from
      .flatMap(of)
      .reduce((all, { kind, minor }) => (kinds.includes(kind) ? all + minor : all), 0);
  const moved = sum(['charge', 'capture', 'refund', 'payout'], [row]) - sum(['refund'], late);
  const said = row.state === 'COMPLETED' ? (row.outcome.minor ?? 0) : 0;
  const open = outside
    .charges()
    .filter(({ reference, state }) => reference.startsWith(row.opId) && state === 'authorized');
  return [
    ...(moved === said ? [] : [`${row.opId} (${row.domain}) says ${said}, outside are ${moved}`]),
    ...open.map(({ chargeId }) => `${row.opId} has ended, and ${chargeId} is authorized still`),
  ];
}

/** What the workflow answered, against what the row says. */
function toldOf({ opId, outcome, state }: Row, { temporal }: World): string[] {
  const run = temporal.runs.get(opId);
  if (run?.status !== 'closed') return [];
  const told = (run.result ?? {}) as { kind?: string; minor?: number; code?: string };
  const isFailed = told.kind === 'fail';
  const agrees =
    (state === 'FAILED') === isFailed &&
    (isFailed ? told.code === outcome.code : told.minor === outcome.minor);
  return agrees ? [] : [`${opId} was told ${JSON.stringify(told)}, and is ${state}`];
}

/** Each account has what it began with and what ended operations moved, and nothing else. */
async function balancesOf(
  { worker }: Lane,
  { tenant, opened }: SeenWorld,
  rows: readonly Row[],
): Promise<string[]> {
  const accounts = await worker.sql<{ account: string; posted: number }>`
    select account_id as account, sum(posted)::bigint as posted from ledger.account
     where tenant = ${tenant} group by account_id`;
  return opened.flatMap(({ account, funds }) => {
    const sum = (of: readonly Row[]) => of.reduce((all, { captured }) => all + captured, 0);
    const came = sum(rows.filter(({ payee }) => payee === account));
    const went = sum(rows.filter(({ payer }) => payer === account));
    const posted = accounts.find((one) => one.account === account)?.posted ?? 0;
    const should = funds + came - went;
    return posted === should ? [] : [`${account} has ${posted}, and should have ${should}`];
  });
}

function neededPerson({ opId }: Row): string {
  return `${opId} needed a person though nothing went wrong`;
}
