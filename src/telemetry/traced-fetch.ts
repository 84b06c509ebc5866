import type { Tracing } from './tracing.js';

/** A `fetch` that says which trace it is of, to whoever is called and to the collector. */
export function tracedFetch(
  tracing: Tracing,
  callee: string,
  fetchOnce: typeof fetch,
): typeof fetch {
  return (input, init) => {
    // Outside of any work there is no trace to go on with.
    if (tracing.traceId() === undefined) return fetchOnce(input, init);
    return tracing.inCall(`${init?.method ?? 'GET'} ${callee}`, () => {
      const headers = new Headers(init?.headers);
      const traceparent = tracing.traceparent();
      if (traceparent !== undefined) headers.set('traceparent', traceparent);
      return fetchOnce(input, { ...init, headers: Object.fromEntries(headers) });
    });
  };
}
