/** What one request may be. */
export const limits = {
  bodyBytesMax: 64 * 1024,
  headerBytesMax: 16 * 1024,
  headersMax: 100,
  urlLengthMax: 8 * 1024,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  keepAliveTimeoutMs: 65_000,
  /** How often Node looks for requests that take too long. */
  connectionsCheckMs: 1_000,
  /** Longest wait for Temporal to take or tell something. */
  temporalTimeoutMs: 5_000,
  /** How long an answer waits for an operation that is one statement. */
  statementWaitMs: 10_000,
  readyTimeoutMs: 1_500,
  /** How long what is under way may go on when the gateway closes. */
  drainTimeoutMs: 20_000,
} as const;
