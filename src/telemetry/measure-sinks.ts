import type { SinkStanding } from '../ledger/index.js';
import type { Metrics } from './measures.js';

/** Measures what each sink is owed. */
export function measureSinks(metrics: Metrics): (standings: readonly SinkStanding[]) => void {
  return (standings) => {
    for (const { sink, waiting, oldestSeconds, dead } of standings) {
      metrics.set('eventsWaiting', waiting, { sink });
      metrics.set('eventsLag', oldestSeconds, { sink });
      metrics.set('eventsDead', dead, { sink });
    }
  };
}
