import { setTimeout as sleep } from 'node:timers/promises';
import { classify } from './errors.js';

export interface ConnectRetries {
  /** Further tries after the first; 3 when not given. */
  readonly connectRetries?: number;
  /** Wait before the first further try; it doubles. 1000 when not given. */
  readonly connectRetryMinMs?: number;
  /** Longest wait between two tries; 10000 when not given. */
  readonly connectRetryMaxMs?: number;
}

export interface ConnectRetry {
  readonly kind: 'connect-retry';
  readonly attempt: number;
  readonly waitMs: number;
  readonly error: unknown;
}

/** The answer of `attempt`, tried again while the database cannot be reached; then its error. */
export async function retryConnect<T>(
  attempt: () => Promise<T>,
  retries: ConnectRetries,
  onRetry?: (retry: ConnectRetry) => void,
): Promise<T> {
  const { connectRetries = 3, connectRetryMinMs = 1000, connectRetryMaxMs = 10_000 } = retries;
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      // A wrong password stays wrong: only what may pass by itself is waited for.
      if (tried > connectRetries || classify(error) === 'bug') throw error;
      const waitMs = Math.min(connectRetryMinMs * 2 ** (tried - 1), connectRetryMaxMs);
      onRetry?.({ kind: 'connect-retry', attempt: tried, waitMs, error });
      await sleep(waitMs);
    }
  }
}
