import { and, asc, eq, gte, isNull, lte, sql } from 'drizzle-orm';
import type { Database } from '../database/index.js';
import type { OpId } from '../domain/index.js';
import { operation } from './tables.js';
import { type PartRow, partsOf, type UploadRow, uploadsWhere } from './upload-rows.js';
import { upload } from './upload-tables.js';

/** Uploads for those who carry them out and clear up after them, of all tenants. */
export interface UploadReads {
  /** One that was claimed. @throws RangeError for any other: a bug */
  known(opId: OpId): Promise<UploadRow>;
  /** In order of their bytes. */
  parts(opId: OpId): Promise<readonly PartRow[]>;
  /** A published file of the tenant with these bytes. */
  twin(
    tenant: string,
    sha256: string,
    size: number,
  ): Promise<{ readonly opId: OpId; readonly objectKey: string } | undefined>;
  /** Those all of whose bytes came at least so long ago, and that have not gone on since. */
  waiting(limit: number, quietMs: number): Promise<readonly OpId[]>;
  /** Those that have ended and were not cleared up after, with the object that they named. */
  unswept(
    limit: number,
  ): Promise<readonly { readonly opId: OpId; readonly objectKey: string | null }[]>;
  /** Notes that these were cleared up after. */
  swept(opIds: readonly OpId[]): Promise<number>;
  /** Which of these objects no file is made of or shown by: of no upload, or of an ended one. */
  orphans(keys: readonly string[]): Promise<readonly string[]>;
}

/** Uploads over one database. */
export function createUploadReads(database: Database): UploadReads {
  return {
    known: async (opId) => {
      const [row] = await uploadsWhere(database, eq(operation.opId, opId));
      if (row === undefined) throw new RangeError('no such upload was claimed');
      return row;
    },
    parts: (opId) => partsOf(database, opId),
    twin: async (tenant, sha256, size) => {
      const [row] = await database.read((orm) =>
        orm
          .select({ opId: operation.opId, objectKey: upload.objectKey })
          .from(upload)
          .innerJoin(operation, eq(operation.id, upload.op))
          .where(
            and(
              ...[eq(upload.tenant, tenant), eq(upload.sha256, sha256), eq(upload.size, size)],
              eq(upload.stage, 'COMMITTED'),
            ),
          )
          .orderBy(asc(upload.op))
          .limit(1),
      );
      return row as { readonly opId: OpId; readonly objectKey: string } | undefined;
    },
    ...afterwards(database),
  };
}

/** Of what is over, or ought to go on. */
function afterwards(database: Database): Omit<UploadReads, 'known' | 'parts' | 'twin'> {
  return {
    waiting: async (limit, quietMs) => {
      const calm = sql`ledger.clock() - ${quietMs}::float8 * interval '1 millisecond'`;
      const rows = await database.read((orm) =>
        orm
          .select({ opId: operation.opId })
          .from(upload)
          .innerJoin(operation, eq(operation.id, upload.op))
          .where(
            and(
              ...[eq(upload.stage, 'CLAIMED'), gte(upload.received, upload.size)],
              lte(upload.changedAt, calm),
            ),
          )
          .orderBy(asc(upload.op))
          .limit(limit),
      );
      return rows.map(({ opId }) => opId as OpId);
    },
    unswept: async (limit) =>
      (await database.read((orm) =>
        orm
          .select({ opId: operation.opId, objectKey: upload.objectKey })
          .from(upload)
          .innerJoin(operation, eq(operation.id, upload.op))
          .where(
            and(
              isNull(upload.sweptAt),
              sql`${upload.stage} in ('COMMITTED', 'ABORTED', 'DELETED')`,
            ),
          )
          .orderBy(asc(upload.op))
          .limit(limit),
      )) as { opId: OpId; objectKey: string | null }[],
    swept: (opIds) => database.call('ledger.swept_uploads_v1', [...opIds]),
    orphans: async (keys) => {
      const rows = await database.sql<{ key: string }>`
        select key from jsonb_array_elements_text(${[...keys]}::jsonb) as given(key)
         where not exists (
             select from ledger.upload u
              where u.object_key = given.key and u.stage = 'COMMITTED')
           and not exists (
             select from ledger.upload u join ledger.operation o on o.id = u.op
              where o.op_id = split_part(given.key, '/', 2)
                and case when u.stage in ('CLAIMED', 'UPLOADED', 'VERIFIED')
                  then given.key not like 'parts/%' or exists (
                    select from ledger.upload_part p where p.op = u.op and p.key = given.key)
                  else u.stage = 'COMMITTED'
                    and given.key = format('thumbs/%s/%s', o.op_id, u.attempt) end)`;
      return rows.map(({ key }) => key);
    },
  };
}
