import { Agent, fetch as fetchOnce } from 'undici';

const connectTimeoutMs = 5_000;

/**
 * A `fetch` over connections of its own, for one provider: what others leave hanging takes none of
 * them. Make `connections` as many as the calls that go out at once, and no less: a call that waits
 * here for a connection is lost when its time is up, though it was never sent, and so makes a doubt
 * out of nothing.
 */
export function pooledFetch({ connections }: { readonly connections: number }): typeof fetch {
  const dispatcher = new Agent({ connections, connect: { timeout: connectTimeoutMs } });
  // Not Node's own, which may be of another version than the agent.
  const pooled = (input: URL, init?: object) => fetchOnce(input, { ...init, dispatcher });
  return pooled as unknown as typeof fetch;
}
