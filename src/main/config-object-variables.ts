import type { Variable } from './config-reader.js';
import * as kind from './config-values.js';

/** The variables of files that are kept, in the order of `.env.example`. */
export const variables = {
  OBJECT_STORE: {
    section: 'Where files are kept',
    doc: [
      'One store for all gateways and workers: file: and a folder that they share, or s3:// and a',
      'bucket, with credentials as every AWS program finds them (AWS_ACCESS_KEY_ID and so on);',
      '?endpoint=URL for another server than AWS, &region=NAME for a region.',
    ].join('\n'),
    value: kind.objectStore,
    fallback: 'file:.holdfast/objects',
  },
} as const satisfies Record<string, Variable>;
