import type { Connection, Sql } from './connection.js';
import { DatabaseBusy, DatabaseClosed, DatabaseSilent } from './errors.js';
import { createWaitingLine } from './waiting-line.js';

export interface PoolSettings {
  readonly open: () => Connection;
  readonly max: number;
  readonly onDropped?: (error: unknown) => void;
}

export interface PoolStats {
  readonly max: number;
  /** Connections that run something now. */
  readonly inUse: number;
  /** Callers that wait for a connection. */
  readonly waiting: number;
}

export interface Patience {
  /** Longest wait for a free connection. */
  readonly acquireTimeoutMs: number;
  /** Longest wait for an answer, the making of a connection included. */
  readonly answerTimeoutMs: number;
}

export interface Pool {
  /** Runs one query on a connection of its own. */
  use<T>(query: (sql: Sql) => PromiseLike<T>, patience: Patience): Promise<T>;
  stats(): PoolStats;
  close(timeoutMs: number): Promise<void>;
}

/**
 * Connections, one query each at a time. A query is handed to the driver only when a connection is
 * its own, so one that gave up waiting is never run later.
 */
export function createPool({ open, max, onDropped }: PoolSettings): Pool {
  const idle: Connection[] = [];
  const active = new Set<Connection>();
  const line = createWaitingLine<Connection>(
    (waitedMs) => new DatabaseBusy(`no free connection in ${waitedMs} ms`),
  );
  let closed = false;

  async function use<T>(query: (sql: Sql) => PromiseLike<T>, patience: Patience): Promise<T> {
    const { acquireTimeoutMs, answerTimeoutMs } = patience;
    if (closed) throw new DatabaseClosed('the way to the database is closed');
    const connection =
      takeIdle() ?? (active.size < max ? activate(open()) : await line.wait(acquireTimeoutMs));
    let silent = false;
    const deadline = setTimeout(() => {
      silent = true;
      connection.discard();
      // They go through the same hole: better a new connection than the same wait for each.
      for (const neighbour of idle.splice(0)) neighbour.discard();
    }, answerTimeoutMs);

    let spoilt = false;
    try {
      return await query(connection.sql);
    } catch (cause) {
      spoilt = silent || !isAnswer(cause);
      const error = silent
        ? new DatabaseSilent(`no answer from the database in ${answerTimeoutMs} ms`, { cause })
        : cause;
      if (spoilt) onDropped?.(error);
      throw error;
    } finally {
      clearTimeout(deadline);
      release(connection, spoilt || connection.isLost());
    }
  }

  /** The one used last, so that few are kept warm. */
  function takeIdle(): Connection | undefined {
    for (let last = idle.pop(); last; last = idle.pop()) {
      if (!last.isLost()) return activate(last);
      last.discard();
    }
    return undefined;
  }

  function activate(connection: Connection): Connection {
    active.add(connection);
    return connection;
  }

  function release(connection: Connection, lost: boolean): void {
    active.delete(connection);
    if (lost) connection.discard();
    if (closed || line.serve(() => activate(lost ? open() : connection))) return;
    if (!lost) idle.push(connection);
  }

  async function close(timeoutMs: number): Promise<void> {
    closed = true;
    line.refuse(new DatabaseClosed('the way to the database was closed'));
    await Promise.all([...idle.splice(0), ...active].map((each) => each.close(timeoutMs)));
  }

  return { use, stats: () => ({ max, inUse: active.size, waiting: line.length() }), close };
}

/** Whether the server refused the query and goes on: any other error spoils the connection. */
function isAnswer(error: unknown): boolean {
  return error instanceof Error && 'severity' in error && error.severity === 'ERROR';
}
