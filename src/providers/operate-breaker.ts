import { type BreakerStore, closedBreaker, isolatedBreaker } from '../domain/index.js';
import { racesMax } from './breaker.js';

/**
 * An operator's hand: `isolate` lets nothing out until `reset`, which lets everything out at once.
 * Throws when others change it all the time, and what the store throws.
 */
export async function operateBreaker(
  store: BreakerStore,
  provider: string,
  act: 'isolate' | 'reset',
  actor: string,
): Promise<void> {
  for (let race = 1; race <= racesMax; race += 1) {
    const { epoch, nowMs } = await store.read(provider);
    const { won } = await store.write(provider, {
      epoch,
      state: act === 'isolate' ? isolatedBreaker(nowMs) : closedBreaker,
      event: act === 'isolate' ? 'breaker.isolated' : 'breaker.reset',
      actor,
    });
    if (won) return;
  }
  throw new Error(`lost ${racesMax} races for the breaker of ${provider}`);
}
