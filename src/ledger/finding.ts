import { and, desc, eq, isNull, lt, or } from 'drizzle-orm';
import type { Database } from '../database/index.js';
import type {
  CorrectionCommand,
  CorrectionPayload,
  Envelope,
  Fail,
  OpId,
} from '../domain/index.js';
import { finding, providerCursor } from './finding-tables.js';
import { pageOf } from './page.js';
import { operation } from './tables.js';

/** What a sweep sees that does not agree. */
export interface SeenFinding {
  readonly kind: string;
  /** The charge, or the operation, that it is about. */
  readonly subject: string;
  readonly opId?: OpId;
  readonly reference?: string;
  readonly evidence: Readonly<Record<string, unknown>>;
  /** Why nobody need be woken for it; unexplained when left out. */
  readonly reason?: string;
}

/** A finding that a person should be woken for. */
export interface FindingAlert {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly tenant: string | null;
}

export interface FindingRow {
  readonly id: string;
  readonly kind: string;
  readonly opId: OpId | null;
  readonly reference: string | null;
  readonly evidence: Readonly<Record<string, unknown>>;
  readonly explained: boolean;
  readonly reason: string | null;
  readonly firstSeen: string;
  readonly lastSeen: string;
  readonly times: number;
  readonly state: 'open' | 'resolved';
  readonly resolvedBy: string | null;
  readonly note: string | null;
  readonly correction: Correction | null;
}

/** What one person wants booked, or what two did: then with the operation that moved it. */
interface Correction extends CorrectionPayload {
  readonly tenant: string;
  readonly by: readonly {
    readonly principal: string;
    readonly reason: string;
    /** RFC 3339. */
    readonly at: string;
  }[];
  readonly opId?: OpId;
}

/** What sweeps write and read of findings. */
export interface Findings {
  /** All that a sweep saw of what it looked at; gives those that want an alert, each once. */
  see(
    sweep: string,
    looked: readonly string[],
    seen: readonly SeenFinding[],
    sustainedMs: number,
  ): Promise<readonly FindingAlert[]>;
  /** Evidence of open findings about charges, after the row `after`, in the order of rows. */
  openCharges(
    after: number,
    limit: number,
  ): Promise<readonly { readonly row: number; readonly evidence: FindingRow['evidence'] }[]>;
  /** What open findings of this kind are about, the oldest first. */
  openOf(kind: string, limit: number): Promise<readonly string[]>;
  /** Where the charges of the provider are to be read on; null at the beginning. */
  cursor(provider: string): Promise<string | null>;
  moveCursor(provider: string, cursor: string): Promise<void>;
}

/** Findings over one database, as the worker's role. */
export function createFindings(database: Database): Findings {
  return {
    see: (sweep, looked, seen, sustainedMs) =>
      database.call('ledger.see_findings_v1', sweep, looked, seen, sustainedMs),
    openCharges: (after, limit) => database.sql`
      select id as row, evidence from ledger.finding
       where state = 'open' and evidence ? 'charge' and id > ${after}::bigint
       order by id limit ${limit}::int`,
    openOf: async (kind, limit) => {
      const rows = await database.sql<{ subject: string }>`
        select subject from ledger.finding where state = 'open' and kind = ${kind}
         order by last_seen limit ${limit}::int`;
      return rows.map(({ subject }) => subject);
    },
    cursor: async (provider) => {
      const [row] = await database.read((orm) =>
        orm
          .select({ cursor: providerCursor.cursor })
          .from(providerCursor)
          .where(eq(providerCursor.provider, provider)),
      );
      return row?.cursor ?? null;
    },
    moveCursor: (provider, cursor) => database.call('ledger.move_cursor_v1', provider, cursor),
  };
}

type CorrectionRefusal =
  | 'finding-unknown'
  | 'invalid-state'
  | 'account-unknown'
  | 'account-closed'
  | 'currency-mismatch'
  | 'insufficient-funds'
  | 'balance-limit-exceeded';

/** What people see of findings, and say of them. */
export interface FindingDesk {
  /** Newest first, `limit` at most; `before` is the number of the last one seen. */
  list(
    tenant: string,
    filter: { readonly state?: FindingRow['state'] },
    page: { readonly limit: number; readonly before?: number },
  ): Promise<{ readonly rows: readonly FindingRow[]; readonly next?: number }>;
  /** Accepts it with a note, which ends it. */
  accept(asked: {
    readonly tenant: string;
    readonly findingId: string;
    readonly principal: string;
    readonly actor: string;
    readonly note: string;
  }): Promise<
    | { readonly kind: 'accepted' }
    | (Omit<Fail, 'code'> & { readonly code: 'finding-unknown' | 'invalid-state' })
  >;
  /**
   * Proposes a correction; said by a second person, it is booked, which ends the finding. Said
   * again by either of them it is the same.
   */
  correct(
    asked: Envelope<CorrectionCommand>,
    reason: string,
  ): Promise<
    | { readonly kind: 'proposed' }
    | { readonly kind: 'corrected'; readonly opId: OpId }
    | (Omit<Fail, 'code'> & { readonly code: CorrectionRefusal })
  >;
  find(tenant: string, findingId: string): Promise<FindingRow | undefined>;
}

/** Findings over one database, as the gateway's role. */
export function createFindingDesk(database: Database): FindingDesk {
  // What belongs to nobody may be anybody's.
  const ofTenant = (tenant: string) => or(eq(finding.tenant, tenant), isNull(finding.tenant));
  const select = (where: ReturnType<typeof and>, limit: number) =>
    database.read((orm) =>
      orm
        .select(columns)
        .from(finding)
        .leftJoin(operation, eq(operation.id, finding.op))
        .where(where)
        .orderBy(desc(finding.id))
        .limit(limit),
    );
  return {
    list: async (tenant, { state }, { limit, before }) => {
      const found = await select(
        and(
          ofTenant(tenant),
          state && eq(finding.state, state),
          before === undefined ? undefined : lt(finding.id, before),
        ),
        limit + 1,
      );
      const { page, ...more } = pageOf(found, limit);
      return { rows: page.map((row) => findingRow(tenant, row)), ...more };
    },
    find: async (tenant, findingId) => {
      const [row] = await select(and(ofTenant(tenant), eq(finding.findingId, findingId)), 1);
      return row && findingRow(tenant, row);
    },
    accept: ({ tenant, findingId, principal, actor, note }) =>
      database.call('ledger.accept_finding_v1', tenant, findingId, principal, actor, note),
    correct: (asked, reason) => database.call('ledger.correct_finding_v1', asked, reason),
  };
}

const columns = {
  number: finding.id,
  id: finding.findingId,
  kind: finding.kind,
  opId: operation.opId,
  reference: finding.reference,
  evidence: finding.evidence,
  explained: finding.explained,
  reason: finding.reason,
  firstSeen: finding.firstSeen,
  lastSeen: finding.lastSeen,
  times: finding.times,
  state: finding.state,
  resolvedBy: finding.resolvedBy,
  note: finding.note,
  correction: finding.correction,
};

function findingRow(
  tenant: string,
  { number: _, ...row }: { readonly [column: string]: unknown },
): FindingRow {
  const { firstSeen, lastSeen, correction, ...rest } = row as unknown as FindingRow;
  const moments = { firstSeen: new Date(firstSeen), lastSeen: new Date(lastSeen) };
  return {
    ...rest,
    firstSeen: moments.firstSeen.toISOString(),
    lastSeen: moments.lastSeen.toISOString(),
    // Of a finding that belongs to nobody another tenant may have said something.
    correction: correction?.tenant === tenant ? correction : null,
  };
}
