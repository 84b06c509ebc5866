import type { BreakerNotice } from '../providers/breaker.js';
import type { Metrics } from './measures.js';

const numberOf = { closed: 0, recovering: 1, open: 2, isolated: 3 } as const;

/** Measures what a breaker tells: each turn once, by who made it, and the mode that is seen. */
export function measureBreaker(metrics: Metrics): (notice: BreakerNotice) => void {
  return (notice) => {
    const { provider } = notice;
    switch (notice.kind) {
      case 'turned':
        return metrics.count('breakerTurns', { provider, event: notice.event });
      case 'seen':
        return metrics.set('breakerMode', numberOf[notice.mode], { provider });
      case 'report-lost':
        // The database's own measures say so.
        return undefined;
    }
  };
}
