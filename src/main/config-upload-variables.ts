import type { Variable } from './config-reader.js';
import * as kind from './config-values.js';

/** The variables of uploads, in the order of `.env.example`. */
export const variables = {
  UPLOAD_TTL_HOURS: {
    doc: 'How long an upload may take; past it, it ends and its bytes are given back.',
    value: kind.whole(1, 720),
    fallback: '24',
  },
  UPLOADS_OPEN_MAX: {
    doc: 'How many uploads of one account may be under way; past it the answer is 429.',
    value: kind.whole(1, 1_000_000),
    fallback: '100',
  },
} as const satisfies Record<string, Variable>;
