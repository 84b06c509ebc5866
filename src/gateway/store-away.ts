import { problem } from './problems.js';

const retryAfterMsDefault = 2_000;

/** The object store cannot do it now: 503, and when it may be asked again, as far as it said. */
export function unavailableStore(cause: unknown): never {
  const retryAfterMs = isTold(cause) ? cause.retryAfterMs : retryAfterMsDefault;
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  throw problem('unavailable', {}, { 'retry-after': `${seconds}` }, { cause });
}

function isTold(error: unknown): error is { readonly retryAfterMs: number } {
  return error instanceof Error && 'retryAfterMs' in error && Number.isFinite(error.retryAfterMs);
}
