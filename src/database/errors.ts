/** What to do about an error of the database. None of the four is ever a business refusal. */
export type DatabaseFault =
  /** It broke off: the same verb again, the operation's row makes it safe. */
  | 'retryable'
  /** All connections are taken: again in a moment, and tell the caller to slow down. */
  | 'busy'
  /** It cannot be reached or cannot write: again when it is back. */
  | 'unavailable'
  /** Asking again would give the same: our mistake, or the operator's. */
  | 'bug';

/** No connection came free in time. Nothing was sent, and nothing will be. */
export class DatabaseBusy extends Error {
  override readonly name = 'DatabaseBusy';
  readonly code = 'DATABASE_BUSY';
}

/** No answer came in time. The connection was given up; what was sent may have happened. */
export class DatabaseSilent extends Error {
  override readonly name = 'DatabaseSilent';
  readonly code = 'DATABASE_SILENT';
}

/** Asked after `close`. Nothing was sent. */
export class DatabaseClosed extends Error {
  override readonly name = 'DatabaseClosed';
  readonly code = 'DATABASE_CLOSED';
}

/** By code, most exact first: an SQLSTATE, its class, or a name of postgres.js or of Node. */
const faults = new Map<string, DatabaseFault>(
  Object.entries({
    DATABASE_BUSY: 'busy',
    DATABASE_SILENT: 'unavailable',
    DATABASE_CLOSED: 'unavailable',

    '40001': 'retryable', // serialization failure
    '40P01': 'retryable', // deadlock
    '55P03': 'retryable', // lock_timeout
    '57014': 'retryable', // statement_timeout
    '57P01': 'retryable', // the backend was told to go
    '57P02': 'retryable', // another backend crashed
    '57P03': 'unavailable', // starting up, or shutting down
    '57P05': 'retryable', // idle for too long
    '25P03': 'retryable', // idle in transaction for too long
    '53300': 'busy', // too many connections
    '25006': 'unavailable', // read-only: a standby, or a failover under way
    '08P01': 'bug', // protocol violation
    '08': 'retryable', // connection exceptions
    '53': 'unavailable', // out of disk, out of memory
    '58': 'unavailable', // the system under it: input or output failed

    CONNECTION_CLOSED: 'retryable',
    CONNECTION_DESTROYED: 'retryable',
    CONNECTION_ENDED: 'retryable',
    CONNECT_TIMEOUT: 'unavailable',
    ECONNRESET: 'retryable',
    EPIPE: 'retryable',
    ECONNREFUSED: 'unavailable',
    ENOENT: 'unavailable', // the unix socket is gone
    ENOTFOUND: 'unavailable',
    EAI_AGAIN: 'unavailable',
    EHOSTUNREACH: 'unavailable',
    ENETUNREACH: 'unavailable',
    ENETDOWN: 'unavailable',
    EADDRNOTAVAIL: 'unavailable',
    ETIMEDOUT: 'unavailable',
  }),
);

const causesMax = 8;

/** What to do about `error`; its causes are looked at too, since drizzle and Temporal wrap them. */
export function classify(error: unknown): DatabaseFault {
  for (let depth = 0; depth < causesMax && error instanceof Error; depth += 1) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
    const isSqlState = /^[0-9A-Z]{5}$/.test(code) && /[0-9]/.test(code);
    const fault = faults.get(code) ?? (isSqlState ? faults.get(code.slice(0, 2)) : undefined);
    if (fault) return fault;
    error = error.cause;
  }
  return 'bug';
}
