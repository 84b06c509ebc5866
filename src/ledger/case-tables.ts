import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  check,
  index,
  jsonb,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { ledger, operation } from './tables.js';

/**
 * What waits for a person, with what it is about and who approved what. `case` is a word of SQL:
 * behind its schema it needs no quotes.
 */
export const caseTable = ledger.table(
  'case',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    caseId: text('case_id').notNull().unique(),
    tenant: text('tenant').notNull(),
    trace: text('trace').notNull(),
    op: bigint('op', { mode: 'number' })
      .notNull()
      .references(() => operation.id),
    kind: text('kind').notNull(),
    reason: text('reason').notNull(),
    advice: text('advice').notNull(),
    /** What is still held. */
    amountAtRisk: bigint('amount_at_risk', { mode: 'number' }).notNull(),
    currency: text('currency'),
    /** The attempts at the outside, each with its outcome. */
    evidence: jsonb('evidence').notNull(),
    state: text('state').notNull().default('open'),
    /** What is proposed to be done by hand, and by whom: one approval each. */
    action: text('action'),
    chargeId: text('charge_id'),
    approvals: jsonb('approvals').notNull().default([]),
    openedAt: timestamp('opened_at', { withTimezone: true, mode: 'string' }).notNull(),
    endedAt: timestamp('ended_at', { withTimezone: true, mode: 'string' }),
    endedBy: text('ended_by'),
    note: text('note'),
  },
  (t) => [
    uniqueIndex('case_open').on(t.op, t.kind).where(sql`state <> 'ended'`),
    index('case_list').on(t.tenant, t.state, t.id),
    check('case_kind', sql`kind in ('parked', 'contradiction')`),
    check('case_state', sql`state in ('open', 'approved-once', 'decided', 'ended')`),
    check('case_amount', sql`amount_at_risk >= 0`),
    check('case_action', sql`action in ('settle', 'release')`),
    check('case_proposed', sql`(action is null) = (approvals = '[]')`),
    check(
      'case_approvals',
      sql`jsonb_array_length(approvals) = case state
        when 'open' then 0 when 'approved-once' then 1 when 'decided' then 2
        else jsonb_array_length(approvals) end`,
    ),
    // The rule of two, where no verb can forget it.
    check(
      'case_two_people',
      sql`approvals #>> '{0,principal}' is distinct from approvals #>> '{1,principal}'
        or approvals = '[]'`,
    ),
    check('case_ended', sql`(state = 'ended') = (ended_at is not null and ended_by is not null)`),
  ],
);
