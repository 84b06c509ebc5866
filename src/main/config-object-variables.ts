import type { Variable } from './config-reader.js';
import * as kind from './config-values.js';

/** The variables of files that are kept, in the order of `.env.example`. */
export const variables = {
  OBJECT_STORE: {
    section: 'Where files are kept',
    doc: [
      'One store for all gateways and workers: file: and a folder that they share, or s3:// and a',
      'bucket, with credentials as every AWS program finds them (AWS_ACCESS_KEY_ID and so on);',
      '?endpoint=URL for another server than AWS, &region=NAME for a region. Give no other',
      'database the same one: what a database does not know of is removed.',
    ].join('\n'),
    value: kind.objectStore,
    fallback: 'file:.holdfast/objects',
  },
  SCANNER: {
    doc: [
      'What looks for viruses before a file is published; without it nothing does. Let its',
      'StreamMaxLength be no less than the largest file.',
    ].join('\n'),
    value: kind.scanner,
    example: 'clamd://127.0.0.1:3310',
  },
  DOWNLOAD_LINK_SECRET: {
    doc: [
      'What signs the links of downloads; a secret. Without it the gateway gives none. To replace',
      'it: new and old, for an hour. Make one with',
      `node -p "crypto.randomBytes(32).toString('base64')"`,
    ].join('\n'),
    value: kind.byteSecrets,
    example: 'base64-of-32-bytes',
  },
  DOWNLOAD_CACHE_DIR: {
    doc: 'Where a gateway keeps copies of what it gave out, for when the store cannot be read.',
    value: kind.text,
    fallback: '.holdfast/downloads',
  },
  DOWNLOAD_CACHE_BYTES: {
    doc: 'What these copies may take; those used least lately go first.',
    value: kind.whole(0, 1_000_000_000_000),
    fallback: '1000000000',
  },
} as const satisfies Record<string, Variable>;
