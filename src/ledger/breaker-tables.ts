import { sql } from 'drizzle-orm';
import { bigint, bigserial, check, jsonb, text, timestamp, unique } from 'drizzle-orm/pg-core';
import { ledger } from './tables.js';

/**
 * One row per provider: whether calls to it go out. No tenant: the provider is one for all of
 * them, and each of them is hurt by its outage.
 */
export const breaker = ledger.table(
  'breaker',
  {
    provider: text('provider').primaryKey(),
    /** Grows by one with every change, which names the one it saw: a lost race changes nothing. */
    epoch: bigint('epoch', { mode: 'number' }).notNull(),
    state: jsonb('state').notNull(),
    changedAt: timestamp('changed_at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  () => [
    check(
      'breaker_mode',
      sql`coalesce(state ->> 'mode', '') in ('closed', 'open', 'recovering', 'isolated')`,
    ),
    check('breaker_epoch', sql`epoch > 0`),
  ],
);

/** Every time a breaker turned, for ever. No operation caused it, so audit and outbox cannot. */
export const breakerEvent = ledger.table(
  'breaker_event',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    provider: text('provider')
      .notNull()
      .references(() => breaker.provider),
    epoch: bigint('epoch', { mode: 'number' }).notNull(),
    type: text('type').notNull(),
    /** The worker or the operator that did it. */
    actor: text('actor').notNull(),
    /** Why, of an operator's. */
    reason: text('reason'),
    at: timestamp('at', { withTimezone: true, mode: 'string' }).notNull(),
  },
  (t) => [
    unique('breaker_event_epoch').on(t.provider, t.epoch),
    check(
      'breaker_event_type',
      sql`type in ('breaker.opened', 'breaker.recovering', 'breaker.closed', 'breaker.isolated',
        'breaker.reset')`,
    ),
  ],
);
