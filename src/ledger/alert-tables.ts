import { sql } from 'drizzle-orm';
import {
  bigserial,
  check,
  index,
  integer,
  jsonb,
  text,
  timestamp,
  unique,
} from 'drizzle-orm/pg-core';
import { ledger } from './tables.js';

/** What people were told of, for ever: one row per kind and subject is what makes it once. */
export const alert = ledger.table(
  'alert',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    kind: text('kind').notNull(),
    /** One incident: a case, an operation, one opening of a breaker, one silence. */
    subject: text('subject').notNull(),
    /** Ids, enums and amounts. */
    detail: jsonb('detail').notNull(),
    raisedAt: timestamp('raised_at', { withTimezone: true, mode: 'string' }).notNull(),
    /** Not tried before; each try moves it, twice as far as the one before. */
    tryAt: timestamp('try_at', { withTimezone: true, mode: 'string' }).notNull(),
    tries: integer('tries').notNull().default(0),
    sentAt: timestamp('sent_at', { withTimezone: true, mode: 'string' }),
  },
  (t) => [
    unique('alert_incident').on(t.kind, t.subject),
    index('alert_unsent').on(t.tryAt).where(sql`sent_at is null`),
    check(
      'alert_kind',
      sql`kind in ('leak', 'parked', 'workflow-frozen', 'breaker-open', 'reconciler-silent')`,
    ),
  ],
);

/** When something that must go on for ever last went on. */
export const pulse = ledger.table('pulse', {
  name: text('name').primaryKey(),
  at: timestamp('at', { withTimezone: true, mode: 'string' }).notNull(),
});
