import type { WaitingMoney } from '../ledger/index.js';
import type { Metrics } from './measures.js';

/** Measures money that waits, each time all of it: what waited before and no longer does is 0. */
export function measureWaiting(metrics: Metrics): (waiting: readonly WaitingMoney[]) => void {
  const told = new Map<string, { readonly phase: string; readonly currency: string }>();
  return (waiting) => {
    const gone = new Map(told);
    for (const { phase, currency, minor, operations } of waiting) {
      const labels = { phase, currency };
      metrics.set('moneyWaiting', minor, labels);
      metrics.set('operationsWaiting', operations, labels);
      told.set(`${phase} ${currency}`, labels);
      gone.delete(`${phase} ${currency}`);
    }
    for (const labels of gone.values()) {
      metrics.set('moneyWaiting', 0, labels);
      metrics.set('operationsWaiting', 0, labels);
    }
  };
}
