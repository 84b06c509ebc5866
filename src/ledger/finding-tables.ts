import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  boolean,
  check,
  index,
  integer,
  jsonb,
  text,
  timestamp,
  unique,
} from 'drizzle-orm/pg-core';
import { ledger, operation } from './tables.js';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });

/**
 * What reconciliation saw that does not agree, once per kind and subject. A charge that no
 * operation made belongs to no tenant: people of each may see it.
 */
export const finding = ledger.table(
  'finding',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    findingId: text('finding_id').notNull().unique(),
    tenant: text('tenant'),
    kind: text('kind').notNull(),
    /** The charge, or the operation, that it is about. */
    subject: text('subject').notNull(),
    op: bigint('op', { mode: 'number' }).references(() => operation.id),
    reference: text('reference'),
    evidence: jsonb('evidence').notNull(),
    /** Why nobody need be woken: it is on its way to agree. */
    explained: boolean('explained').notNull(),
    reason: text('reason'),
    firstSeen: moment('first_seen').notNull(),
    lastSeen: moment('last_seen').notNull(),
    /** In how many sweeps, and in which one last. */
    times: integer('times').notNull().default(1),
    sweep: text('sweep').notNull(),
    alertedAt: moment('alerted_at'),
    state: text('state').notNull().default('open'),
    resolvedAt: moment('resolved_at'),
    resolvedBy: text('resolved_by'),
    note: text('note'),
    /** What one person wants booked, or two did. It names its tenant: the finding may have none. */
    correction: jsonb('correction'),
  },
  (t) => [
    unique('finding_subject').on(t.kind, t.subject),
    index('finding_open').on(t.subject).where(sql`state = 'open'`),
    index('finding_list').on(t.tenant, t.state, t.id),
    index('finding_resolved').on(t.resolvedAt).where(sql`state = 'resolved'`),
    check(
      'finding_kind',
      sql`kind in ('unknown-charge', 'amount-differs', 'double-charge', 'captured-more',
        'captured-less', 'left-charge', 'hold-outlived')`,
    ),
    check('finding_state', sql`state in ('open', 'resolved')`),
    check('finding_explained', sql`not explained or reason is not null`),
    check(
      'finding_resolved_by',
      sql`(state = 'resolved') = (resolved_at is not null and resolved_by is not null)`,
    ),
    check('finding_times', sql`times > 0 and first_seen <= last_seen`),
    check('finding_owner', sql`op is null or tenant is not null`),
  ],
);

/** How far the charges of a provider were compared. */
export const providerCursor = ledger.table('provider_cursor', {
  provider: text('provider').primaryKey(),
  cursor: text('cursor').notNull(),
  movedAt: moment('moved_at').notNull(),
});
