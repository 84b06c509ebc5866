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
  primaryKey,
  text,
  time,
  timestamp,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { ledger, operation } from './tables.js';

const bytes = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' });
const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });
const reference = (name: string) => bigint(name, { mode: 'number' }).notNull();
const id = () => bigserial('id', { mode: 'number' }).primaryKey();
const origin = () => ({ tenant: text('tenant').notNull(), trace: text('trace').notNull() });

/** Whom notices are for. Its row is locked while it is decided whether it is sent one more. */
export const recipient = ledger.table(
  'recipient',
  {
    id: id(),
    ...origin(),
    recipientId: text('recipient_id').notNull(),
    owner: text('owner'),
    locale: text('locale').notNull(),
    timeZone: text('time_zone').notNull(),
    quietFrom: time('quiet_from'),
    quietTo: time('quiet_to'),
    version: integer('version').notNull().default(1),
    changedBy: text('changed_by').notNull(),
    changedAt: moment('changed_at').notNull(),
  },
  (t) => [
    unique('recipient_key').on(t.tenant, t.recipientId),
    index('recipient_owner').on(t.tenant, t.owner, t.id),
    check('recipient_quiet', sql`(quiet_from is null) = (quiet_to is null)`),
  ],
);

/**
 * An address, readable under the ring of keys alone. One that is replaced stays, for a delivery may
 * be under way to it; one that refused everything is sent nothing more.
 */
export const recipientAddress = ledger.table(
  'recipient_address',
  {
    id: id(),
    ...origin(),
    recipient: reference('recipient').references(() => recipient.id),
    channel: text('channel').notNull(),
    sealed: bytes('sealed').notNull(),
    /** Tells, under a secret key, whether it is the same one that is given again. */
    digest: text('digest').notNull(),
    masked: text('masked').notNull(),
    refusedAt: moment('refused_at'),
    replacedAt: moment('replaced_at'),
  },
  (t) => [
    uniqueIndex('recipient_address_now').on(t.recipient, t.channel).where(sql`replaced_at is null`),
    check('recipient_address_channel', sql`channel in ('push', 'sms', 'email', 'webhook')`),
  ],
);

/** One notice, by its operation. */
export const notice = ledger.table(
  'notice',
  {
    op: reference('op')
      .primaryKey()
      .references(() => operation.id),
    ...origin(),
    recipient: reference('recipient').references(() => recipient.id),
    template: text('template').notNull(),
    locale: text('locale').notNull(),
    urgent: boolean('urgent').notNull(),
    acceptedAt: moment('accepted_at').notNull(),
    beginAt: moment('begin_at').notNull(),
  },
  (t) => [index('notice_recipient').on(t.recipient, t.acceptedAt)],
);

/** One row per delivery id that a channel may have seen. */
export const noticeDelivery = ledger.table(
  'notice_delivery',
  {
    op: reference('op').references(() => operation.id),
    channel: text('channel').notNull(),
    n: integer('n').notNull(),
    ...origin(),
    deliveryId: text('delivery_id').notNull().unique(),
    address: reference('address').references(() => recipientAddress.id),
    run: text('run').notNull(),
    state: text('state').notNull().default('begun'),
    begunAt: moment('begun_at').notNull(),
    sentAt: moment('sent_at'),
    providerId: text('provider_id'),
    answer: jsonb('answer'),
    /** What its provider told of it later. */
    report: text('report'),
    reportedAt: moment('reported_at'),
  },
  (t) => [
    primaryKey({ columns: [t.op, t.channel, t.n] }),
    index('notice_delivery_address').on(t.address),
    check('notice_delivery_state', sql`state in ('begun', 'unknown', 'failed', 'sent')`),
    check('notice_delivery_sent', sql`(state = 'sent') = (sent_at is not null)`),
    check('notice_delivery_report', sql`(report is null) = (reported_at is null)`),
  ],
);
