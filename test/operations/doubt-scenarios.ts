import type { OutsideStep } from '../../src/domain/index.js';
import type { FaultRule } from '../../src/providers/sandbox/index.js';

/** What goes wrong with a step at the provider. */
export interface Scenario {
  readonly name: string;
  /** What the calls of the step meet, one after the other. */
  readonly strikes: readonly FaultRule[];
  /** No look-up of what stands there is answered. */
  readonly looksFail?: true;
  /** The first look-up shows nothing yet. */
  readonly lags?: true;
  /** How long it may take before it begins, in milliseconds; such a step may be given up. */
  readonly timeBudget?: number;
}

const year = 365 * 24 * 3_600_000;
const declined = { fault: 'pending', becomes: 'declined', delayMs: 200, times: 1 } as const;
const silent = { fault: 'timeout-after', times: 1 } as const;
const again = { fault: 'drop-keys', times: 1 } as const;

/** What every step meets: each fault of the sandbox once, and those that do not end. */
export const scenarios: readonly Scenario[] = [
  { name: 'none', strikes: [] },
  once('decline'),
  { name: 'pending, then done', strikes: [{ fault: 'pending', delayMs: 200, times: 1 }] },
  { name: 'pending, then declined', strikes: [declined] },
  { name: 'pending for ever', strikes: [{ fault: 'pending', delayMs: year, times: 1 }] },
  // Longer than the call may take: it acts after we gave up on the answer.
  { name: 'slow', strikes: [{ fault: 'slow', delayMs: 600, times: 1 }] },
  ...[once('timeout-before'), once('timeout-after')],
  ...[once('error-before'), once('error-after')],
  ...[once('reset-before'), once('reset-after')],
  ...[once('rate-limit'), once('down')],
  ...[once('wrong-amount'), once('wrong-currency')],
  ...[once('html'), once('huge')],
  once('drop-keys'),
  { name: 'timeout-before, always', strikes: [{ fault: 'timeout-before' }] },
  { name: 'error-after, always', strikes: [{ fault: 'error-after' }] },
  { name: 'timeout-after, and no look is answered', strikes: [silent], looksFail: true },
  { name: 'timeout-after, and the first look lags', strikes: [silent], lags: true },
  {
    name: 'timeout-after, the first look lags, and drop-keys',
    ...{ strikes: [silent, again], lags: true },
  },
];

/** One step under one fault. */
export interface Cell {
  readonly step: OutsideStep;
  readonly scenario: Scenario;
}

export const steps = ['charge', 'authorize', 'capture', 'void', 'refund', 'payout'] as const;
// A hold has begun: what ends it must be done, however long it takes.
const mustBeDone: readonly OutsideStep[] = ['capture', 'void'];

/** Every scenario that a step can meet. */
export function cellsOf(step: OutsideStep): readonly Cell[] {
  const all = [...scenarios, ...(mustBeDone.includes(step) ? [] : budgetScenarios)];
  return all.map((scenario) => ({ step, scenario }));
}

/** Only for a step that may be given up: nothing acts until its budget is over. */
const budgetScenarios: readonly Scenario[] = [
  {
    name: 'rate-limit until the budget is over',
    strikes: [{ fault: 'rate-limit', retryAfterMs: 0 }],
    timeBudget: 1_000,
  },
  {
    name: 'down until the budget is over',
    strikes: [{ fault: 'down', retryAfterMs: 0 }],
    timeBudget: 1_000,
  },
];

function once(fault: FaultRule['fault']): Scenario {
  return { name: fault, strikes: [{ fault, times: 1 }] };
}
