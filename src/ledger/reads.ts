import { and, desc, eq, gte, inArray, lt, or, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database/index.js';
import type { AccountId, Currency, Ending, OperationState, OpId, Phase } from '../domain/index.js';
import { createHistoryReads, type HistoryReads } from './history.js';
import { type MoneyOf, moneyOf } from './money-of.js';
import { account, operation } from './tables.js';
import { type Verified, type VerifyScope, verifyLedger } from './violations.js';

export type { EvidenceRow, HistoryRow } from './history.js';
export { type Invariant, invariants, type Verified } from './violations.js';

/** An operation as its row says it. */
export interface OperationRow {
  readonly opId: OpId;
  readonly principal: string;
  readonly domain: string;
  readonly eventType: string;
  readonly bizKey: string;
  readonly state: OperationState;
  readonly phase: Phase | null;
  /** Until when it waits for its provider, while it is deferred. RFC 3339. */
  readonly deferredUntil: string | null;
  readonly outcome: OutcomeRow | null;
  readonly account: AccountId | null;
  readonly amount: number | null;
  readonly currency: Currency | null;
  readonly acceptedAt: string;
  readonly updatedAt: string;
  /** Grows by one with every step. */
  readonly version: number;
  readonly digests: Readonly<Record<string, string>>;
  /** The owner of the account it names, if that account is known. */
  readonly owner: string | null;
}

/** How an operation ended; `minor` is what moved, or went back. */
export type OutcomeRow = Ending & {
  readonly code?: string;
  readonly message?: string;
  readonly minor?: number;
  readonly chargeId?: string;
  readonly payoutId?: string;
};

/** An account, all its slots together. */
export interface AccountRow {
  readonly id: AccountId;
  readonly currency: Currency;
  readonly kind: 'customer' | 'merchant' | 'internal';
  readonly owner: string | null;
  readonly status: 'open' | 'frozen' | 'closed';
  readonly posted: number;
  readonly held: number;
  readonly available: number;
  readonly overdraftLimit: number;
  readonly version: number;
}

export interface OperationFilter {
  readonly state?: OperationState;
  readonly phase?: Phase;
  readonly domain?: string;
  readonly account?: AccountId;
  readonly bizKey?: string;
  /** Only those of this principal, or on an account of this owner. */
  readonly subject?: string;
  /** RFC 3339, `from` included and `to` not. */
  readonly from?: string;
  readonly to?: string;
}

export interface BalanceCheck {
  readonly account: AccountId;
  readonly currency: Currency;
  readonly kind: string;
  readonly funded: number;
  readonly received: number;
  readonly refunded: number;
  readonly held: number;
  readonly settled: number;
  readonly available: number;
  /** available = funded + received + refunded - held - settled, and the row says the same. */
  readonly agrees: boolean;
}

/** Reads for the gateway, the command line and the checks; money never decides on them. */
export interface Reads extends HistoryReads {
  /** The operation, or undefined when no step of it has run. */
  operation(tenant: string, opId: OpId): Promise<OperationRow | undefined>;
  /** Newest first, `limit` at most; `before` is the id of the last one seen. */
  operations(
    tenant: string,
    filter: OperationFilter,
    page: { readonly limit: number; readonly before?: number },
  ): Promise<{ readonly rows: readonly OperationRow[]; readonly next?: number }>;
  /** How many operations the filter finds. */
  countOperations(tenant: string, filter: OperationFilter): Promise<number>;
  account(tenant: string, id: AccountId): Promise<AccountRow | undefined>;
  /** One round trip before a start: the operation this key names, and the accounts it names. */
  admission(
    tenant: string,
    opId: OpId,
    accounts: readonly AccountId[],
  ): Promise<{
    readonly operation: OperationRow | undefined;
    readonly accounts: ReadonlyMap<AccountId, AccountRow>;
  }>;
  /** The exact balance at a past moment; undefined before the account was opened. */
  balanceAt(
    tenant: string,
    id: AccountId,
    at: string,
  ): Promise<{ readonly kind: 'future' } | BalanceAt | undefined>;
  /** available = funded + received + refunded - held - settled, checked for every account. */
  balanceCheck(tenant: string): Promise<readonly BalanceCheck[]>;
  /** What customers and merchants have together, per currency, and what is not certain of it. */
  moneyOf(tenant: string): Promise<readonly MoneyOf[]>;
  /** Looks whether every invariant holds. */
  verify(scope: VerifyScope): Promise<Verified>;
}

export interface BalanceAt {
  readonly kind: 'balance';
  readonly currency: Currency;
  readonly posted: number;
  readonly held: number;
  readonly available: number;
  readonly version: number;
}

/** Reads over one database. */
export function createReads(database: Database): Reads {
  const operations = (where: SQL | undefined, limit: number) =>
    database.read((orm) =>
      orm
        .select(operationColumns)
        .from(operation)
        .leftJoin(account, ownerOf)
        .where(where)
        .orderBy(desc(operation.id))
        .limit(limit),
    );
  const accounts = (tenant: string, ids: readonly AccountId[]) =>
    database.read((orm) =>
      orm
        .select(accountColumns)
        .from(account)
        .where(and(eq(account.tenant, tenant), inArray(account.accountId, [...ids])))
        .groupBy(account.accountId),
    ) as Promise<AccountRow[]>;
  return {
    ...createHistoryReads(database),
    operation: async (tenant, opId) => {
      const [row] = await operations(
        and(eq(operation.tenant, tenant), eq(operation.opId, opId)),
        1,
      );
      return row && operationRow(row);
    },
    operations: async (tenant, filter, { limit, before }) => {
      const older = before === undefined ? undefined : lt(operation.id, before);
      const rows = await operations(and(matching(tenant, filter), older), limit + 1);
      const page = rows.slice(0, limit);
      const last = page.at(-1);
      const more = rows.length > limit && last !== undefined ? { next: last.id } : {};
      return { rows: page.map(operationRow), ...more };
    },
    countOperations: async (tenant, filter) => {
      const [row] = await database.read((orm) =>
        orm
          .select({ count: sql<number>`count(*)`.mapWith(Number) })
          .from(operation)
          .leftJoin(account, ownerOf)
          .where(matching(tenant, filter)),
      );
      return row?.count ?? 0;
    },
    account: async (tenant, id) => (await accounts(tenant, [id]))[0],
    admission: async (tenant, opId, ids) => {
      const [found] = (await database.read((orm) =>
        orm.execute(admissionQuery(tenant, opId, ids)),
      )) as unknown as [{ operation: OperationRow | null; accounts: readonly AccountRow[] }];
      return {
        operation: found.operation === null ? undefined : operationRow({ ...found.operation }),
        accounts: new Map(found.accounts.map((row) => [row.id, row])),
      };
    },
    balanceAt: async (tenant, id, at) =>
      (await database.call('ledger.balance_at_v1', tenant, id, at)) ?? undefined,
    balanceCheck: async (tenant) =>
      (await database.read((orm) =>
        orm.execute(sql`select account_id as account, currency, kind, funded,
            received, refunded, held, settled, available, agrees
          from ledger.balance_check_v1(${tenant})`),
      )) as unknown as BalanceCheck[],
    moneyOf: (tenant) => moneyOf(database, tenant),
    verify: (scope) => verifyLedger(database, scope),
  };
}

// One statement for both, because a gateway asks before every start.
function admissionQuery(tenant: string, opId: OpId, ids: readonly AccountId[]): SQL {
  const named = sql.join(
    // An empty list is no SQL; nothing equals null.
    (ids.length > 0 ? ids : [null]).map((id) => sql`${id}`),
    sql`, `,
  );
  return sql`select
    (select to_jsonb(o) from (
      select o.op_id as "opId", o.principal, o.domain, o.event_type as "eventType",
             o.biz_key as "bizKey", o.state, o.phase, o.outcome, o.account, o.amount, o.currency,
             o.accepted_at as "acceptedAt", o.updated_at as "updatedAt", o.seq as version,
             o.digests, a.owner, ${deferredUntil(sql`o.id`, sql`o.phase`)} as "deferredUntil"
        from ledger.operation o
        left join ledger.account a
          on a.tenant = o.tenant and a.account_id = o.account and a.slot = 0
       where o.tenant = ${tenant} and o.op_id = ${opId}) o) as operation,
    (select coalesce(jsonb_agg(to_jsonb(a)), '[]') from (
      select account_id as id, min(currency) as currency, min(kind) as kind, min(owner) as owner,
             min(status) as status, sum(posted) as posted, sum(held) as held,
             sum(posted - held) as available, min(overdraft_limit) as "overdraftLimit",
             sum(version) as version
        from ledger.account where tenant = ${tenant} and account_id in (${named})
       group by account_id) a) as accounts`;
}

// Written where it was deferred. By the step's primary key, so only for a row that is read anyway.
function deferredUntil(op: SQL, phase: SQL): SQL<string | null> {
  return sql`case when ${phase} = 'deferred' then (
    select max(s.result -> 'detail' ->> 'until') from ledger.step s
     where s.op = ${op} and s.step like 'phase.%') end`;
}

const ownerOf = and(
  eq(account.tenant, operation.tenant),
  eq(account.accountId, operation.account),
  eq(account.slot, 0),
);

const operationColumns = {
  id: operation.id,
  opId: operation.opId,
  principal: operation.principal,
  domain: operation.domain,
  eventType: operation.eventType,
  bizKey: operation.bizKey,
  state: operation.state,
  phase: operation.phase,
  deferredUntil: deferredUntil(sql`${operation.id}`, sql`${operation.phase}`),
  outcome: operation.outcome,
  account: operation.account,
  amount: operation.amount,
  currency: operation.currency,
  acceptedAt: operation.acceptedAt,
  updatedAt: operation.updatedAt,
  version: operation.seq,
  digests: operation.digests,
  owner: account.owner,
};

const accountColumns = {
  id: account.accountId,
  currency: sql<string>`min(${account.currency})`,
  kind: sql<string>`min(${account.kind})`,
  owner: sql<string | null>`min(${account.owner})`,
  status: sql<string>`min(${account.status})`,
  posted: sql<number>`sum(${account.posted})`.mapWith(Number),
  held: sql<number>`sum(${account.held})`.mapWith(Number),
  available: sql<number>`sum(${account.posted} - ${account.held})`.mapWith(Number),
  overdraftLimit: sql<number>`min(${account.overdraftLimit})`.mapWith(Number),
  version: sql<number>`sum(${account.version})`.mapWith(Number),
};

function operationRow({ id: _, ...row }: { readonly [column: string]: unknown }) {
  const moment = (value: unknown) => new Date(String(value)).toISOString();
  return {
    ...row,
    acceptedAt: moment(row.acceptedAt),
    updatedAt: moment(row.updatedAt),
  } as unknown as OperationRow;
}

function matching(tenant: string, filter: OperationFilter): SQL | undefined {
  const equal = [
    filter.state && eq(operation.state, filter.state),
    filter.phase && eq(operation.phase, filter.phase),
    filter.domain && eq(operation.domain, filter.domain),
    filter.account && eq(operation.account, filter.account),
    filter.bizKey && eq(operation.bizKey, filter.bizKey),
    filter.from && gte(operation.acceptedAt, filter.from),
    filter.to && lt(operation.acceptedAt, filter.to),
    filter.subject &&
      or(eq(operation.principal, filter.subject), eq(account.owner, filter.subject)),
  ];
  return and(
    eq(operation.tenant, tenant),
    ...equal.filter((part) => part !== undefined && part !== ''),
  );
}
