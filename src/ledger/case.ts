import { and, desc, eq, lt } from 'drizzle-orm';
import type { Database } from '../database/index.js';
import type { CaseAction, CaseState, Currency, Decision, Fail, OpId } from '../domain/index.js';
import { caseTable } from './case-tables.js';
import { pageOf } from './page.js';
import { operation } from './tables.js';

/** One person's word for what is to be done by hand. */
export interface Approval {
  readonly action: Decision['action'];
  readonly principal: string;
  readonly reason: string;
  /** RFC 3339. */
  readonly at: string;
}

/** What waits for a person, or did. */
export interface CaseRow {
  readonly id: string;
  readonly opId: OpId;
  readonly kind: 'parked' | 'contradiction';
  readonly reason: string;
  readonly advice: string;
  /** What is still held, in minor units. */
  readonly amountAtRisk: number;
  readonly currency: Currency | null;
  readonly state: CaseState;
  readonly openedAt: string;
  readonly endedAt: string | null;
  readonly endedBy: string | null;
  readonly note: string | null;
  readonly approvals: readonly Approval[];
  readonly evidence: Readonly<Record<string, unknown>>;
}

/** What one person does about a case. */
export interface CaseAct {
  readonly tenant: string;
  readonly caseId: string;
  readonly action: CaseAction;
  readonly principal: string;
  readonly actor: string;
  readonly reason: string;
  /** Of a settle: the charge that they found at the provider; a card payment needs it. */
  readonly chargeId?: string;
}

/**
 * What became of it: the workflow is to look again, the finding is accepted, the first of two
 * approved, or the second did and the workflow is to carry it out. Repeated, it is `decided` again.
 * Of a notice: it is to be sent again, or is given up.
 */
export type CaseAnswer =
  | {
      readonly kind: 'awaited' | 'accepted' | 'approved' | 'again' | 'given-up';
      readonly opId: OpId;
    }
  | ({ readonly kind: 'decided'; readonly opId: OpId } & Decision)
  | CaseRefusal;

type CaseRefusal = Omit<Fail, 'code'> & {
  readonly code: 'case-unknown' | 'invalid-state' | 'second-person-required' | 'charge-required';
};

/** What waits for people, and what they do about it. */
export interface Cases {
  /** Newest first, `limit` at most; `before` is the number of the last one seen. */
  list(
    tenant: string,
    filter: { readonly state?: CaseState },
    page: { readonly limit: number; readonly before?: number },
  ): Promise<{ readonly rows: readonly CaseRow[]; readonly next?: number }>;
  find(tenant: string, caseId: string): Promise<CaseRow | undefined>;
  /** Writes it down, in one statement with its audit line. Moves no money. */
  act(asked: CaseAct): Promise<CaseAnswer>;
}

/** Cases over one database, as the gateway's role. */
export function createCases(database: Database): Cases {
  const select = (where: ReturnType<typeof and>, limit: number) =>
    database.read((orm) =>
      orm
        .select(columns)
        .from(caseTable)
        .innerJoin(operation, eq(operation.id, caseTable.op))
        .where(where)
        .orderBy(desc(caseTable.id))
        .limit(limit),
    );
  return {
    list: async (tenant, { state }, { limit, before }) => {
      const found = await select(
        and(
          eq(caseTable.tenant, tenant),
          state && eq(caseTable.state, state),
          before === undefined ? undefined : lt(caseTable.id, before),
        ),
        limit + 1,
      );
      const { page, ...more } = pageOf(found, limit);
      return { rows: page.map(caseRow), ...more };
    },
    find: async (tenant, caseId) => {
      const known = and(eq(caseTable.tenant, tenant), eq(caseTable.caseId, caseId));
      const [row] = await select(known, 1);
      return row && caseRow(row);
    },
    act: ({ tenant, caseId, action, principal, actor, reason, chargeId = null }) =>
      database.call(
        'ledger.case_act_v2',
        ...[tenant, caseId, action, principal, actor, reason, chargeId],
      ),
  };
}

const columns = {
  number: caseTable.id,
  id: caseTable.caseId,
  opId: operation.opId,
  kind: caseTable.kind,
  reason: caseTable.reason,
  advice: caseTable.advice,
  amountAtRisk: caseTable.amountAtRisk,
  currency: caseTable.currency,
  state: caseTable.state,
  openedAt: caseTable.openedAt,
  endedAt: caseTable.endedAt,
  endedBy: caseTable.endedBy,
  note: caseTable.note,
  approvals: caseTable.approvals,
  evidence: caseTable.evidence,
};

function caseRow({ number: _, ...row }: { readonly [column: string]: unknown }): CaseRow {
  const { openedAt, endedAt, ...rest } = row as unknown as CaseRow;
  return {
    ...rest,
    openedAt: new Date(openedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
  };
}
