import type { Database } from '../database/index.js';
import {
  type BreakerAct,
  type BreakerState,
  closedBreaker,
  isolatedBreaker,
} from '../domain/index.js';
import { createBreakerStore } from './breaker.js';

/** The breaker of a provider as it was last written, and who turned it last. */
export interface BreakerStanding {
  readonly provider: string;
  readonly mode: BreakerState['mode'];
  readonly turned: {
    readonly type: string;
    readonly actor: string;
    readonly reason: string | null;
    /** RFC 3339. */
    readonly at: string;
  } | null;
}

/** A person's hand on the breakers, which all workers and tenants have in common. */
export interface BreakerDesk {
  /** Those that ever turned. */
  list(): Promise<readonly BreakerStanding[]>;
  /** `isolate` lets nothing out until `reset`, which lets everything out at once. */
  operate(provider: string, act: BreakerAct, actor: string, reason: string): Promise<void>;
}

/** The desk over one database. */
export function createBreakerDesk(database: Database): BreakerDesk {
  const store = createBreakerStore(database);
  return {
    list: async () => {
      const rows = await database.sql<{ standing: BreakerStanding }>`
        select jsonb_build_object('provider', b.provider, 'mode', b.state ->> 'mode', 'turned',
                 (select jsonb_build_object('type', e.type, 'actor', e.actor, 'reason', e.reason,
                          'at', e.at)
                    from ledger.breaker_event e
                   where e.provider = b.provider order by e.epoch desc limit 1)) as standing
          from ledger.breaker b order by b.provider limit 100`;
      return rows.map(({ standing }) => standing);
    },
    operate: async (provider, act, actor, reason) => {
      const { nowMs } = await store.read(provider);
      const state = act === 'isolate' ? isolatedBreaker(nowMs) : closedBreaker;
      const event = act === 'isolate' ? 'breaker.isolated' : 'breaker.reset';
      await database.call('ledger.operate_breaker_v1', provider, state, event, actor, reason);
    },
  };
}
