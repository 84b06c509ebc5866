import { asc, eq, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database/index.js';
import type { AccountId, OpId, UploadStage } from '../domain/index.js';
import { operation } from './tables.js';
import { upload, uploadPart } from './upload-tables.js';

/** An upload as its row says it. */
export interface UploadRow {
  readonly opId: OpId;
  readonly tenant: string;
  readonly principal: string;
  readonly account: AccountId;
  readonly stage: UploadStage;
  /** Grows by one with every change of the stage. */
  readonly version: number;
  readonly size: number;
  readonly received: number;
  readonly declaredSha256: string | null;
  readonly declaredType: string | null;
  /** Of what it turned out to be, from VERIFIED on. */
  readonly sha256: string | null;
  readonly mediaType: string | null;
  readonly attempt: number;
  /** Where the published file lies, which may be that of another upload. */
  readonly objectKey: string | null;
  /** What a person said of it: base64, for the ring that sealed it. */
  readonly sealed: string | null;
  /** RFC 3339. */
  readonly expiresAt: string;
  readonly changedAt: string;
}

/** A piece of an upload that lies in the store. */
export interface PartRow {
  readonly n: number;
  /** The number of its first byte in the whole. */
  readonly start: number;
  readonly size: number;
  readonly sha256: string;
  readonly key: string;
}

const uploadColumns = {
  opId: operation.opId,
  tenant: operation.tenant,
  principal: operation.principal,
  account: operation.account,
  stage: upload.stage,
  version: upload.version,
  size: upload.size,
  received: upload.received,
  declaredSha256: upload.declaredSha256,
  declaredType: upload.declaredType,
  sha256: upload.sha256,
  mediaType: upload.mediaType,
  attempt: upload.attempt,
  objectKey: upload.objectKey,
  sealed: sql<string | null>`translate(encode(${operation.sealed}, 'base64'), E'\n', '')`,
  expiresAt: upload.expiresAt,
  changedAt: upload.changedAt,
};

const partColumns = {
  n: uploadPart.n,
  start: uploadPart.start,
  size: uploadPart.size,
  sha256: uploadPart.sha256,
  key: uploadPart.key,
};

/** The uploads for which this holds. */
export async function uploadsWhere(
  database: Database,
  where: SQL | undefined,
): Promise<readonly UploadRow[]> {
  const rows = await database.read((orm) =>
    orm
      .select(uploadColumns)
      .from(upload)
      .innerJoin(operation, eq(operation.id, upload.op))
      .where(where),
  );
  return rows.map((row) => ({
    ...row,
    expiresAt: new Date(row.expiresAt).toISOString(),
    changedAt: new Date(row.changedAt).toISOString(),
  })) as unknown as UploadRow[];
}

/** The parts of an upload, in order of their bytes. */
export function partsOf(database: Database, opId: OpId): Promise<readonly PartRow[]> {
  return database.read((orm) =>
    orm
      .select(partColumns)
      .from(uploadPart)
      .innerJoin(operation, eq(operation.id, uploadPart.op))
      .where(eq(operation.opId, opId))
      .orderBy(asc(uploadPart.start)),
  );
}
