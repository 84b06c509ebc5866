import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core';
import { ledger, outbox } from './tables.js';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });

/** Who takes events. No tenant: a sink takes those of all of them. */
export const sink = ledger.table('sink', {
  name: text('name').primaryKey(),
  since: moment('since').notNull(),
  /** When a relay last took from it, to some seconds; null when none has. */
  leasedAt: moment('leased_at'),
});

/**
 * What is still owed to a sink, a row for each event; it goes when the sink has taken it. One that
 * is dead is tried no more until a person wants it, and holds up nothing that comes after it.
 */
export const delivery = ledger.table(
  'delivery',
  {
    sink: text('sink')
      .notNull()
      .references(() => sink.name),
    event: bigint('event', { mode: 'number' }).notNull(),
    op: bigint('op', { mode: 'number' }).notNull(),
    seq: integer('seq').notNull(),
    tenant: text('tenant').notNull(),
    trace: text('trace').notNull(),
    attempts: integer('attempts').notNull().default(0),
    /** While it is lent: the end of the lease. */
    nextAttemptAt: moment('next_attempt_at').notNull(),
    refusedSince: moment('refused_since'),
    reason: text('reason'),
    deadAt: moment('dead_at'),
  },
  (t) => [
    primaryKey({ columns: [t.sink, t.event] }),
    foreignKey({
      ...{ name: 'delivery_of_event', columns: [t.op, t.seq] },
      foreignColumns: [outbox.op, outbox.seq],
    }),
    index('delivery_due').on(t.sink, t.nextAttemptAt, t.event).where(sql`dead_at is null`),
    // For the order, and for what is forgotten: an event that somebody is owed is not.
    index('delivery_order').on(t.op, t.seq),
    index('delivery_dead').on(t.tenant, t.event).where(sql`dead_at is not null`),
    check('delivery_reason', sql`dead_at is null or (reason is not null and attempts > 0)`),
  ],
);
