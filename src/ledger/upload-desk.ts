import { and, eq, inArray, sql } from 'drizzle-orm';
import type { Database } from '../database/index.js';
import type { AccountId, OpId, PartAnswer } from '../domain/index.js';
import { account, operation } from './tables.js';
import { type PartRow, partsOf, type UploadRow, uploadsWhere } from './upload-rows.js';
import { upload } from './upload-tables.js';

/** A part that is to be written down. */
interface PartToRecord extends Omit<PartRow, 'n'> {
  readonly tenant: string;
  readonly opId: OpId;
}

/** Whether the lease is the caller's, and whether somebody waits for it. */
type LockAnswer =
  | { readonly kind: 'locked'; readonly wanted: boolean }
  | { readonly kind: 'taken' | 'missing' };

/** Uploads for those who take bytes in and give them out; the gateway's role may do all of it. */
export interface UploadDesk {
  find(tenant: string, opId: OpId): Promise<UploadRow | undefined>;
  /** In order of their bytes. */
  parts(opId: OpId): Promise<readonly PartRow[]>;
  /** Writes a part down that lies in the store; anything but `recorded` is of no use there. */
  recordPart(part: PartToRecord): Promise<PartAnswer>;
  /** Takes or renews the lease of who writes; one that is `taken` is asked for by that. */
  lock(tenant: string, opId: OpId, holder: string, leaseMs: number): Promise<LockAnswer>;
  unlock(tenant: string, opId: OpId, holder: string): Promise<boolean>;
  /** How many uploads of this account have not ended. */
  openOf(tenant: string, account: AccountId): Promise<number>;
  /** The open accounts in BYTE of this owner; two are enough to know that it is not one. */
  quotasOf(tenant: string, owner: string): Promise<readonly AccountId[]>;
}

/** Uploads over one database. */
export function createUploadDesk(database: Database): UploadDesk {
  return {
    find: async (tenant, opId) => {
      const where = and(eq(upload.tenant, tenant), eq(operation.opId, opId));
      return (await uploadsWhere(database, where))[0];
    },
    parts: (opId) => partsOf(database, opId),
    recordPart: ({ tenant, opId, start, size, sha256, key }) =>
      database.call('ledger.record_part_v1', tenant, opId, start, size, sha256, key),
    lock: (tenant, opId, holder, leaseMs) =>
      database.call('ledger.lock_upload_v1', tenant, opId, holder, leaseMs),
    unlock: (tenant, opId, holder) =>
      database.call('ledger.unlock_upload_v1', tenant, opId, holder),
    openOf: async (tenant, of) => {
      const [row] = await database.read((orm) =>
        orm
          .select({ count: sql<number>`count(*)`.mapWith(Number) })
          .from(upload)
          .innerJoin(operation, eq(operation.id, upload.op))
          .where(
            and(
              eq(upload.tenant, tenant),
              eq(operation.account, of),
              inArray(upload.stage, ['CLAIMED', 'UPLOADED', 'VERIFIED']),
            ),
          ),
      );
      return row?.count ?? 0;
    },
    quotasOf: async (tenant, owner) => {
      const rows = await database.read((orm) =>
        orm
          .select({ id: account.accountId })
          .from(account)
          .where(
            and(
              eq(account.tenant, tenant),
              eq(account.owner, owner),
              eq(account.currency, 'BYTE'),
              eq(account.status, 'open'),
              eq(account.slot, 0),
            ),
          )
          .limit(2),
      );
      return rows.map(({ id }) => id as AccountId);
    },
  };
}
