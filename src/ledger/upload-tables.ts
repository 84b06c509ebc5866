import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  index,
  integer,
  primaryKey,
  text,
  timestamp,
  unique,
} from 'drizzle-orm/pg-core';
import { ledger, operation } from './tables.js';

const moment = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });
const bytes = (name: string) => bigint(name, { mode: 'number' });
const origin = () => ({ tenant: text('tenant').notNull(), trace: text('trace').notNull() });

/** A file on its way into the object store, and there: one row per upload, for ever. */
export const upload = ledger.table(
  'upload',
  {
    op: bytes('op')
      .primaryKey()
      .references(() => operation.id),
    ...origin(),
    stage: text('stage').notNull().default('CLAIMED'),
    /** Grows by one with every change of the stage, which names the one it saw. */
    version: integer('version').notNull().default(1),
    size: bytes('size').notNull(),
    /** What was recorded of it: the bytes from 0 to here are kept, and no others. */
    received: bytes('received').notNull().default(0),
    parts: integer('parts').notNull().default(0),
    /** What the whole must hash to and be of, where the caller said so. */
    declaredSha256: text('declared_sha256'),
    declaredType: text('declared_type'),
    sha256: text('sha256'),
    mediaType: text('media_type'),
    /** Which assembly is the last; each writes under a key of its own. */
    attempt: integer('attempt').notNull().default(0),
    objectKey: text('object_key'),
    dedupedFrom: bytes('deduped_from').references((): AnyPgColumn => upload.op),
    deletedBy: bytes('deleted_by')
      .unique()
      .references(() => operation.id),
    expiresAt: moment('expires_at').notNull(),
    /** When something happened to it last, a part that came included. */
    changedAt: moment('changed_at').notNull(),
    /** When its bytes were cleared away, those it is not made of any more. */
    sweptAt: moment('swept_at'),
    /** Who writes to it now, until when, and whether somebody else waits. */
    lockHolder: text('lock_holder'),
    lockUntil: moment('lock_until'),
    lockWanted: boolean('lock_wanted').notNull().default(false),
  },
  (t) => [
    index('upload_content').on(t.tenant, t.sha256, t.size).where(sql`stage = 'COMMITTED'`),
    index('upload_object').on(t.objectKey).where(sql`stage = 'COMMITTED'`),
    index('upload_open').on(t.op).where(sql`stage in ('CLAIMED', 'UPLOADED', 'VERIFIED')`),
    index('upload_unswept')
      .on(t.op)
      .where(sql`swept_at is null and stage in ('COMMITTED', 'ABORTED', 'DELETED')`),
    check(
      'upload_stage',
      sql`stage in ('CLAIMED', 'UPLOADED', 'VERIFIED', 'COMMITTED', 'ABORTED', 'DELETED')`,
    ),
    check('upload_received', sql`received between 0 and size and size > 0`),
    check('upload_whole', sql`stage in ('CLAIMED', 'ABORTED') or received = size`),
    check(
      'upload_verified',
      sql`stage in ('CLAIMED', 'UPLOADED', 'ABORTED')
        or (sha256 is not null and media_type is not null)`,
    ),
    check('upload_object', sql`(stage in ('COMMITTED', 'DELETED')) = (object_key is not null)`),
    check('upload_deleted', sql`(stage = 'DELETED') = (deleted_by is not null)`),
    check('upload_lock', sql`(lock_holder is null) = (lock_until is null)`),
  ],
);

/** One piece of an upload, under a key of its own in the object store. */
export const uploadPart = ledger.table(
  'upload_part',
  {
    // Of the upload, whose row is locked then: that of the operation others lock before it.
    op: bytes('op')
      .notNull()
      .references(() => upload.op),
    n: integer('n').notNull(),
    ...origin(),
    /** The number of its first byte in the whole. */
    start: bytes('start').notNull(),
    size: bytes('size').notNull(),
    sha256: text('sha256').notNull(),
    key: text('key').notNull().unique(),
  },
  (t) => [
    primaryKey({ columns: [t.op, t.n] }),
    unique('upload_part_start').on(t.op, t.start),
    check('upload_part_size', sql`size > 0 and start >= 0 and n > 0`),
  ],
);
