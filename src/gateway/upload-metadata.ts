import type { KeyRing } from '../client/index.js';
import type { UploadRequest } from '../domain/index.js';
import type { UploadRow } from '../ledger/index.js';

type Sealed = NonNullable<UploadRequest['sealed']>;

/** What a person said of a file, which only the operation's row holds, sealed. */
export function sealedOf({ opId, sealed }: UploadRow, keys: Pick<KeyRing, 'open'>): Sealed {
  return sealed === null ? {} : (keys.open(sealed, opId) as Sealed);
}

/** `Upload-Metadata` as it was given at the creation. */
export function metadataOf(row: UploadRow, keys: Pick<KeyRing, 'open'>): Record<string, string> {
  const { name, metadata } = sealedOf(row, keys);
  return {
    ...metadata,
    ...(name !== undefined && { filename: name }),
    ...(row.declaredType !== null && { filetype: row.declaredType }),
    ...(row.declaredSha256 !== null && { sha256: row.declaredSha256 }),
  };
}
