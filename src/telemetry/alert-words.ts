import type { AlertKind } from '../domain/index.js';

/** What a person on call needs to know at three in the morning. */
interface AlertWords {
  readonly title: string;
  readonly action: string;
  /** Its file in docs/runbooks. */
  readonly runbook: string;
  /** Below the gateway's URL. */
  path(subject: string): string;
}

const operation: AlertWords['path'] = (opId) => `/v1/operations/${opId}`;

/** Of every kind: what it means, what to do first, where to look. */
export const alertWords: Readonly<Record<AlertKind, AlertWords>> = {
  leak: {
    title: 'Money is held for an operation that has ended',
    action: 'Run npx holdfast ops history with the operation, then follow the runbook.',
    runbook: 'leak.md',
    path: operation,
  },
  parked: {
    title: 'An operation waits for a person, its money held',
    action: 'Run npx holdfast case show with the case, and decide.',
    runbook: 'parked.md',
    path: (subject) => `/v1/cases/${subject}`,
  },
  'workflow-frozen': {
    title: 'A workflow cannot go on: its code fails',
    action: 'Bring back the release before, or a fixed one; do not terminate the workflow.',
    runbook: 'workflow-frozen.md',
    path: operation,
  },
  'breaker-open': {
    title: 'A provider fails; what goes to it waits',
    action: 'Run npx holdfast breaker list, and ask the provider.',
    runbook: 'breaker-open.md',
    path: () => '/v1/providers',
  },
  'reconciler-silent': {
    title: 'No sweep has ended for minutes',
    action: 'See whether workers run and whether the schedule is paused.',
    runbook: 'reconciler-silent.md',
    path: () => '/readyz',
  },
};
