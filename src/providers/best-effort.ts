import type { Breaker } from './breaker.js';

/**
 * Calls what is nice to have behind its breaker: gives its value, or the declared fall-back while
 * the breaker is open, cannot be read, or the call throws. Never for money.
 */
export function bestEffort<Value>(
  breaker: Breaker,
  fallback: Value,
  now: () => number = () => performance.now(),
): (key: string, call: () => Promise<Value>) => Promise<Value> {
  async function watched(call: () => Promise<Value>): Promise<Value> {
    const begunAt = now();
    try {
      const value = await call();
      breaker.report('ok', now() - begunAt);
      return value;
    } catch {
      breaker.report('failure', now() - begunAt);
      return fallback;
    }
  }

  return async (key, call) => {
    try {
      const admission = await breaker.admit(key);
      return admission.kind === 'open' ? fallback : await watched(call);
    } catch {
      return fallback;
    }
  };
}
