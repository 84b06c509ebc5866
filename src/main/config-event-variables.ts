import type { Variable } from './config-reader.js';
import * as kind from './config-values.js';

/** The variables of events, in the order of `.env.example`. */
export const variables = {
  EVENT_SINKS: {
    section: 'Where events go',
    doc: [
      'Sinks that a relay serves, each at its own pace: log is its stdout, a line of JSON each.',
      'A sink is owed every event from the first time that a relay names it.',
    ].join('\n'),
    value: kind.wordList('log'),
    fallback: 'log',
  },
  EVENT_RETRY_HOURS: {
    doc: 'An event that a sink does not take for so long is set aside: holdfast events dead.',
    value: kind.whole(1, 720),
    fallback: '72',
  },
} as const satisfies Record<string, Variable>;
