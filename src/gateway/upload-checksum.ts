import { createHash, type Hash } from 'node:crypto';
import { problem } from './problems.js';

/** What the checksum extension of tus takes. */
export const checksumAlgorithms = ['sha1', 'sha256'] as const;

/** Watches bytes go by, and says whether they were those that the header announced. */
export interface Checksum {
  add(bytes: Uint8Array): void;
  matches(): boolean;
}

/**
 * The checksum that `Upload-Checksum` announces, as in `sha256 <base64>`; undefined without one.
 * Throws the problem of a header that cannot be read.
 */
export function checksumOf(header: string | undefined): Checksum | undefined {
  if (header === undefined) return undefined;
  const [, name = '', digest = ''] = /^(\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(header) ?? [];
  const algorithm = checksumAlgorithms.find((known) => known === name);
  if (algorithm === undefined) throw problem('upload-header-invalid', { detail: detailOf() });
  const hash: Hash = createHash(algorithm);
  return {
    add: (bytes) => void hash.update(bytes),
    matches: () => hash.digest().equals(Buffer.from(digest, 'base64')),
  };
}

function detailOf(): string {
  return `Upload-Checksum names one of ${checksumAlgorithms.join(', ')}, and the digest in base64`;
}
