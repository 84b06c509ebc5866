import type { Database } from '../database/index.js';

/** What must hold at every moment, by the name that a violation is told under. */
export const invariants = {
  'accounts-sum-to-zero': 'The accounts of a tenant sum to zero in each currency.',
  'step-sums-to-zero': 'What a step moves sums to zero, in one currency.',
  'balance-is-its-last-entry': 'An account stands where its last entry left it.',
  'entry-follows-the-one-before': 'Entries have no gap, and each carries the running balance.',
  'entry-is-later-than-the-one-before': 'Entries are recorded in the order of their versions.',
  'chain-is-unbroken': 'The hash of an entry is that of its facts and the hash before it.',
  'entry-of-a-step': 'Every entry belongs to a step whose answer is kept.',
  'entry-within-the-tenant': 'No operation moves money of another tenant.',
  'held-is-the-open-holds': 'What an account holds is the sum of its open holds.',
  'available-above-its-limit': 'Nobody has less available than the overdraft allows.',
  'hold-adds-up': 'What was captured and released is never more than was held.',
  'hold-is-open-while-its-operation-is': 'A hold is open exactly while its operation is.',
  'captured-hold-is-completed': 'A captured hold is that of a completed operation.',
  'settled-or-released': 'An operation is never settled and released.',
  'completed-moved-what-it-says': 'A completed operation moved the amount of its outcome.',
  'failed-moved-nothing': 'A failed operation moved and holds nothing.',
  'payment-taken-at-once-moved-its-amount': 'A payment taken at once moved what was asked.',
  'refunds-within-what-was-captured': 'No more goes back than was captured.',
  'one-effect-per-step': 'A step acted outside once, whatever its attempts.',
  'attempt-moved-what-was-asked': 'An attempt moved outside what it was to move.',
  'failed-took-nothing-outside': 'A failed operation took nothing, or a late one gives it back.',
  'failed-gave-back-what-it-took': 'What a failed operation paid for in payments is back.',
  'one-operation-per-key': 'A key made one operation.',
  'ended-with-an-outcome': 'An operation has an outcome once it has ended, and no phase then.',
  'events-are-numbered': 'The events of an operation are numbered without a gap.',
  'end-has-its-event': 'The end of an operation is its last event but for those of its case.',
  'event-leaves': 'An event is handed on to every sink soon after it was written.',
  'open-operation-goes-on': 'An operation past its budget has ended or is shown to a person.',
  'hold-ends-in-time': 'A hold that waits for nobody ends when its time is over.',
  'webhook-is-applied': 'A webhook is decided about soon after it came.',
  'step-has-its-audit-line': 'Every step has its audit line.',
  'audit-names-no-secret': 'No audit line shows a card number, token or secret.',
  'parked-has-its-case': 'What is parked has its open case, and nothing else has one.',
  'case-says-what-is-held': 'An open case says what is still held.',
  'by-hand-by-two': 'What was done by hand was approved by two people.',
  'approved-by-another': 'Who approved an operation did not ask for it, and is in the audit.',
  'upload-is-its-parts': 'What an upload received is its parts, without a gap.',
  'upload-version-is-its-stage': 'The version of an upload counts the changes of its stage.',
  'published-file-is-settled': 'A file is published exactly when its bytes are settled.',
  'aborted-upload-is-released': 'An upload is aborted exactly when its bytes were given back.',
  'upload-ends-in-time': 'An upload that expired has ended, or is shown to a person.',
  'shared-object-is-one-content': 'Files of one object are of one tenant and the same bytes.',
  'deleted-file-gave-its-bytes-back': 'A deleted file has its deletion.',
  'deletion-deleted-a-file': 'A deletion that has ended deleted a file of its own.',
  'sent-is-one-delivery': 'A notice is sent by exactly the delivery that its outcome names.',
  'delivery-was-begun': 'The id of a delivery was written before it was sent.',
  'rows-belong-to-their-operation': 'Rows carry the tenant and the trace of their operation.',
} as const;

export type Invariant = keyof typeof invariants;

/** An invariant that does not hold, with how often and some of what breaks it. */
export interface Violation {
  readonly name: Invariant;
  /** What should hold. */
  readonly rule: string;
  readonly count: number;
  /** Ids of operations, accounts, cases or events; 5 at most. */
  readonly sample: readonly string[];
}

export interface Verified {
  /** How many invariants were looked at. */
  readonly checks: number;
  readonly violations: readonly Violation[];
}

export interface VerifyScope {
  /** All tenants when left out. */
  readonly tenant?: string;
  /** How long what takes time may take, in milliseconds; 5 minutes when left out. */
  readonly graceMs?: number;
}

const pageSize = 2_000;
const sampleMax = 5;
const graceMsDefault = 300_000;

/** Where a look that goes on from sweep to sweep stands. */
export interface Checked {
  /** The last event that was there: what it and those before it are about was looked at. */
  readonly event: number | null;
  /** Where the next page of all operations begins. */
  readonly operation: number;
}

/** From the beginning. */
export const nothingChecked: Checked = { event: null, operation: 1 };

/** Events may commit in another order than that of their ids: so many are looked at again. */
const eventsAgain = 1_000;

/** Looks whether every invariant holds, a page of operations at a time: each is one snapshot. */
export async function verifyLedger(
  database: Database,
  { tenant, graceMs = graceMsDefault }: VerifyScope,
): Promise<Verified> {
  const found: Found[] = [];
  const { lastId } = await newest(database);
  for (let from = 1; from <= lastId; from += pageSize) {
    found.push(...(await violationsOf(database, { tenant: tenant ?? null, graceMs, from })));
  }
  return { checks: Object.keys(invariants).length, violations: summed(found) };
}

const partPages = 100;

/** Looks at so many pages of all there is, from an operation on; `next` is null after the last. */
export async function verifyPart(
  database: Database,
  from: number,
  beat: () => void,
): Promise<{ readonly violations: readonly Violation[]; readonly next: number | null }> {
  const found: Found[] = [];
  const { lastId } = await newest(database);
  const end = from + partPages * pageSize;
  for (let page = from; page < end && page <= lastId; page += pageSize) {
    const looked = { tenant: null, graceMs: graceMsDefault, from: page };
    found.push(...(await violationsOf(database, looked)));
    beat();
  }
  return { violations: summed(found), next: end > lastId ? null : end };
}

/**
 * Looks at what something happened to since the last look, and at the next page of all there is,
 * so that in time everything was looked at: of every tenant.
 */
export async function verifyOnward(
  database: Database,
  { event, operation }: Checked,
): Promise<{ readonly violations: readonly Violation[]; readonly next: Checked }> {
  const { lastEvent, lastId } = await newest(database);
  const page = { tenant: null, graceMs: graceMsDefault };
  const after = Math.max(0, (event ?? lastEvent) - eventsAgain);
  const found = [
    ...(await violationsOf(database, { ...page, after })),
    ...(await violationsOf(database, { ...page, from: operation })),
  ];
  const next = operation + pageSize > lastId ? 1 : operation + pageSize;
  return { violations: summed(found), next: { event: lastEvent, operation: next } };
}

interface Found {
  readonly name: Invariant;
  readonly subject: string;
}

async function newest(database: Database): Promise<{ lastEvent: number; lastId: number }> {
  const [last] = await database.sql<{ lastEvent: number; lastId: number }>`
    select coalesce((select max(id) from ledger.outbox), 0) as "lastEvent",
           greatest((select max(id) from ledger.operation), (select max(id) from ledger.account), 1)
             as "lastId"`;
  return last ?? { lastEvent: 0, lastId: 1 };
}

function violationsOf(
  database: Database,
  asked: {
    readonly tenant: string | null;
    readonly graceMs: number;
    readonly from?: number;
    readonly after?: number;
  },
): Promise<Found[]> {
  const { tenant, graceMs, from = null, after = null } = asked;
  const to = from === null ? null : from + pageSize - 1;
  return database.sql<Found>`
    select name, subject from ledger.violations_v1(
      ${tenant}, ${from}, ${to}, ${after}, ${graceMs} * interval '1 millisecond')`;
}

function summed(found: readonly Found[]): readonly Violation[] {
  const subjects = new Map<Invariant, Set<string>>();
  for (const { name, subject } of found) {
    subjects.set(name, (subjects.get(name) ?? new Set()).add(subject));
  }
  return [...subjects].map(([name, all]) => ({
    ...{ name, rule: invariants[name], count: all.size },
    sample: [...all].slice(0, sampleMax),
  }));
}
