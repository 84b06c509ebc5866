import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  check,
  customType,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  smallint,
  text,
  timestamp,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';

// Who writes these: only the verbs beside this file, as functions in the database.

export const ledger = pgSchema('ledger');

const bytes = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });
const amount = (name: string) => bigint(name, { mode: 'number' });
const id = () => bigserial('id', { mode: 'number' }).primaryKey();
const op = () =>
  bigint('op', { mode: 'number' })
    .notNull()
    .references(() => operation.id);
/** Every row carries whose it is and which request made it. */
const origin = () => ({ tenant: text('tenant').notNull(), trace: text('trace').notNull() });

/** One row per operation, for ever: its idempotency, its command, its state. */
export const operation = ledger.table(
  'operation',
  {
    id: id(),
    opId: text('op_id').notNull().unique(),
    ...origin(),
    principal: text('principal').notNull(),
    actor: text('actor').notNull(),
    domain: text('domain').notNull(),
    eventType: text('event_type').notNull(),
    bizKey: text('biz_key').notNull(),
    idemKey: text('idem_key').notNull(),
    fingerprint: text('fingerprint').notNull(),
    digests: jsonb('digests').notNull(),
    command: jsonb('command').notNull(),
    sealed: bytes('sealed'),
    state: text('state').notNull().default('PENDING'),
    phase: text('phase'),
    outcome: jsonb('outcome'),
    account: text('account'),
    amount: amount('amount'),
    currency: text('currency'),
    seq: integer('seq').notNull().default(0),
    acceptedAt: moment('accepted_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
    budgetEndsAt: moment('budget_ends_at').notNull(),
    parentOpId: text('parent_op_id'),
    /** A second person must approve what moves more; nobody when null. */
    approvalAbove: bigint('approval_above', { mode: 'number' }),
  },
  (t) => [
    unique('operation_key').on(t.tenant, t.principal, t.domain, t.eventType, t.idemKey),
    index('operation_budget').on(t.state, t.budgetEndsAt),
    index('operation_open').on(t.id).where(sql`state in ('PENDING', 'IN_PROGRESS')`),
    index('operation_waiting').on(t.id).where(sql`phase in ('deferred', 'in-doubt', 'parked')`),
    index('operation_list').on(t.tenant, t.id),
    index('operation_account').on(t.tenant, t.account, t.id),
    index('operation_biz_key').on(t.tenant, t.bizKey),
    index('operation_parent').on(t.parentOpId).where(sql`parent_op_id is not null`),
    check('operation_state', sql`state in ('PENDING', 'IN_PROGRESS', 'COMPLETED', 'FAILED')`),
    check(
      'operation_phase',
      sql`phase in ('held', 'charging', 'in-doubt', 'deferred', 'awaiting-approval', 'parked')`,
    ),
    check('operation_outcome', sql`(state in ('COMPLETED', 'FAILED')) = (outcome is not null)`),
    check('operation_no_phase', sql`outcome is null or phase is null`),
    check('operation_amount', sql`amount is null or amount > 0`),
  ],
);

/** A balance. An account with more than one slot has a row per slot; settings are equal in all. */
export const account = ledger.table(
  'account',
  {
    id: id(),
    ...origin(),
    accountId: text('account_id').notNull(),
    slot: smallint('slot').notNull().default(0),
    slots: smallint('slots').notNull().default(1),
    currency: text('currency').notNull(),
    kind: text('kind').notNull(),
    owner: text('owner'),
    status: text('status').notNull().default('open'),
    posted: amount('posted').notNull().default(0),
    held: amount('held').notNull().default(0),
    overdraftLimit: amount('overdraft_limit').notNull().default(0),
    version: amount('version').notNull().default(0),
    changedAt: moment('changed_at').notNull(),
    chain: bytes('chain').notNull(),
  },
  (t) => [
    unique('account_slot').on(t.tenant, t.accountId, t.slot),
    uniqueIndex('account_merchant').on(t.tenant, t.currency, t.id).where(sql`kind = 'merchant'`),
    check('account_kind', sql`kind in ('customer', 'merchant', 'internal')`),
    check('account_status', sql`status in ('open', 'frozen', 'closed')`),
    check('account_slots', sql`slots between 1 and 64 and (slots = 1 or kind <> 'customer')`),
    check('account_held', sql`held >= 0`),
    check(
      'account_available',
      sql`kind = 'internal' or slots > 1 or posted - held >= -overdraft_limit`,
    ),
    check('account_range', sql`posted between -9007199254740991 and 9007199254740991`),
    check('account_overdraft', sql`overdraft_limit between 0 and 999999999999999`),
  ],
);

/** Money set aside by one operation; a row with `tombstone` fences a hold that comes too late. */
export const hold = ledger.table(
  'hold',
  {
    op: op().primaryKey(),
    ...origin(),
    account: bigint('account', { mode: 'number' }).references(() => account.id),
    payee: bigint('payee', { mode: 'number' }).references(() => account.id),
    method: text('method'),
    currency: text('currency'),
    amount: amount('amount').notNull(),
    captured: amount('captured').notNull().default(0),
    released: amount('released').notNull().default(0),
    state: text('state').notNull(),
    tombstone: boolean('tombstone').notNull().default(false),
    expiresAt: moment('expires_at'),
    /** Of a refund: the payment whose captured money goes back. */
    parent: bigint('parent', { mode: 'number' }).references(() => operation.id),
  },
  (t) => [
    index('hold_open').on(t.account).where(sql`state = 'held'`),
    index('hold_expiry').on(t.expiresAt).where(sql`state = 'held'`),
    index('hold_parent').on(t.parent).where(sql`parent is not null`),
    check('hold_state', sql`state in ('held', 'captured', 'released')`),
    check(
      'hold_arithmetic',
      sql`captured >= 0 and released >= 0 and captured + released <= amount`,
    ),
    check('hold_closed', sql`state = 'held' or captured + released = amount`),
    check(
      'hold_real',
      sql`tombstone = (account is null) and (tombstone or (amount > 0 and payee is not null))`,
    ),
  ],
);

/** One line per change of an account: gap-free by version, chained by hash. */
export const entry = ledger.table(
  'entry',
  {
    account: bigint('account', { mode: 'number' })
      .notNull()
      .references(() => account.id),
    version: amount('version').notNull(),
    ...origin(),
    op: op(),
    step: text('step').notNull(),
    currency: text('currency').notNull(),
    postedDelta: amount('posted_delta').notNull(),
    heldDelta: amount('held_delta').notNull(),
    postedAfter: amount('posted_after').notNull(),
    heldAfter: amount('held_after').notNull(),
    recordedAt: moment('recorded_at').notNull(),
    happenedAt: moment('happened_at').notNull(),
    hash: bytes('hash').notNull(),
  },
  (t) => [primaryKey({ columns: [t.account, t.version] }), index('entry_op').on(t.op)],
);

/** What a step answered the first time; every repetition is given this. */
export const step = ledger.table(
  'step',
  {
    op: op(),
    step: text('step').notNull(),
    ...origin(),
    result: jsonb('result').notNull(),
    at: moment('at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.op, t.step] })],
);

/** What a second person said of an operation that waited for one. */
export const approval = ledger.table(
  'approval',
  {
    op: op().primaryKey(),
    ...origin(),
    verdict: text('verdict').notNull(),
    principal: text('principal').notNull(),
    actor: text('actor').notNull(),
    at: moment('at').notNull(),
  },
  () => [check('approval_verdict', sql`verdict in ('approved', 'refused')`)],
);

/** One row per key that a provider may have seen. */
export const attempt = ledger.table(
  'attempt',
  {
    op: op(),
    step: text('step').notNull(),
    n: integer('n').notNull(),
    ...origin(),
    key: text('key').notNull().unique(),
    /** What this attempt moves; the whole hold when null. */
    amount: amount('amount'),
    sentAt: moment('sent_at').notNull(),
    outcome: jsonb('outcome'),
  },
  (t) => [primaryKey({ columns: [t.op, t.step, t.n] })],
);

/** Events, in order per operation, written in the statement that caused them. */
export const outbox = ledger.table(
  'outbox',
  {
    id: id(),
    op: op(),
    seq: integer('seq').notNull(),
    ...origin(),
    type: text('type').notNull(),
    subject: text('subject').notNull(),
    data: jsonb('data').notNull(),
    at: moment('at').notNull(),
    leasedUntil: moment('leased_until'),
    /** When it was handed on: each sink is owed it from then on. */
    publishedAt: moment('published_at'),
  },
  (t) => [
    unique('outbox_seq').on(t.op, t.seq),
    index('outbox_unpublished').on(t.id).where(sql`published_at is null`),
  ],
);

/** Who did what, for ever. */
export const audit = ledger.table(
  'audit',
  {
    id: id(),
    op: op(),
    ...origin(),
    principal: text('principal').notNull(),
    actor: text('actor').notNull(),
    action: text('action').notNull(),
    subject: text('subject').notNull(),
    detail: jsonb('detail').notNull(),
    at: moment('at').notNull(),
  },
  (t) => [index('audit_op').on(t.op)],
);

/** What providers told us by themselves, once per event of theirs; never the message itself. */
export const webhook = ledger.table(
  'webhook',
  {
    id: id(),
    provider: text('provider').notNull(),
    eventId: text('event_id').notNull(),
    type: text('type').notNull(),
    reference: text('reference'),
    opId: text('op_id').references(() => operation.opId),
    tenant: text('tenant'),
    evidence: jsonb('evidence'),
    happenedAt: moment('happened_at').notNull(),
    receivedAt: moment('received_at').notNull(),
    appliedAt: moment('applied_at'),
    state: text('state').notNull().default('received'),
    reason: text('reason'),
  },
  (t) => [
    unique('webhook_event').on(t.provider, t.eventId),
    index('webhook_waiting').on(t.id).where(sql`state = 'received'`),
    index('webhook_op').on(t.opId),
    check('webhook_state', sql`state in ('received', 'applied', 'ignored', 'held')`),
    check('webhook_matched', sql`(op_id is null) = (tenant is null)`),
    check('webhook_reason', sql`(state in ('ignored', 'held')) = (reason is not null)`),
    check('webhook_applied', sql`(state = 'applied') = (applied_at is not null)`),
    check('webhook_proof', sql`state <> 'applied' or (op_id is not null and evidence is not null)`),
  ],
);
