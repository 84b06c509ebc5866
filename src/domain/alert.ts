/** What the people on call are told of at once; everything else waits for a look at a dashboard. */
export const alertKinds = [
  'leak',
  'parked',
  'workflow-frozen',
  'breaker-open',
  'reconciler-silent',
] as const;

export type AlertKind = (typeof alertKinds)[number];
