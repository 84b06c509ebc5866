import { DrizzleQueryError } from 'drizzle-orm';
import { drizzle, type PgRemoteDatabase } from 'drizzle-orm/pg-proxy';
import { openConnection } from './connection.js';
import { createPool, type PoolStats } from './pool.js';
import { type ConnectRetries, type ConnectRetry, retryConnect } from './retry.js';

export interface DatabaseSettings extends ConnectRetries {
  readonly url: string;
  /** Connections at most, 1 and more. */
  readonly poolMax: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** A connection is replaced after this long; 3600 when not given. */
  readonly connectionLifetimeSeconds?: number;
  /** Longest wait for a free connection; 2000 when not given. */
  readonly acquireTimeoutMs?: number;
  /** Longest wait for a new connection; 3000 when not given. */
  readonly connectTimeoutMs?: number;
  /** Longest wait for an answer, a new connection included; 4000 when not given. */
  readonly answerTimeoutMs?: number;
  readonly onEvent?: (event: DatabaseEvent) => void;
  /** Told how long each statement took, the wait for a connection included, also when it failed. */
  readonly onStatement?: (statement: StatementName, ms: number) => void;
}

/** A verb by its name; all others together: a closed list. */
export type StatementName = `${string}_v${number}` | 'sql' | 'read';

export type DatabaseEvent =
  | ConnectRetry
  | { readonly kind: 'connection-dropped'; readonly error: unknown };

/** What a verb takes: text, a number, a truth, nothing, or anything else as JSON. */
export type VerbArgument = string | number | boolean | null | object;

/**
 * A bounded way to one database. Everything here is one statement on a connection of its own, and
 * throws DatabaseBusy (nothing was sent), DatabaseSilent (it may have happened), DatabaseClosed,
 * or the error of the server or the socket; `classify` says what to do about each.
 */
export interface Database {
  /** The answer of the function `verb`, as in `call('ledger.hold_v1', { ... })`: one round trip. */
  call<T>(verb: `${string}_v${number}`, ...args: readonly VerbArgument[]): Promise<T>;
  /** The rows of a statement. Values only: no fragments inside. */
  sql<Row extends object>(text: TemplateStringsArray, ...values: VerbArgument[]): Promise<Row[]>;
  /** Typed reads with drizzle, as in `read((orm) => orm.select()...)`. It has no transactions. */
  read<T>(query: (orm: PgRemoteDatabase) => PromiseLike<T>): Promise<T>;
  /** Waits until the database answers, with the retries of the settings; then throws its error. */
  connect(): Promise<void>;
  /** Throws when the database does not answer within `timeoutMs`, half of it for a connection. */
  ping(timeoutMs: number): Promise<void>;
  stats(): PoolStats;
  /** Refuses what is new, lets what runs end, at most so long. */
  close(timeoutMs: number): Promise<void>;
}

/** A Database that connects at its first use. */
export function createDatabase(settings: DatabaseSettings): Database {
  const { acquireTimeoutMs = 2000, answerTimeoutMs = 4000, onEvent, onStatement } = settings;
  const patience = { acquireTimeoutMs, answerTimeoutMs };
  const pool = createPool({
    open: () =>
      openConnection({ connectTimeoutMs: 3000, connectionLifetimeSeconds: 3600, ...settings }),
    max: settings.poolMax,
    onDropped: (error) => onEvent?.({ kind: 'connection-dropped', error }),
  });

  const ping = async (timeoutMs: number) => {
    const half = { acquireTimeoutMs: timeoutMs / 2, answerTimeoutMs: timeoutMs / 2 };
    await pool.use((sql) => sql`select 1`, half);
  };

  const orm = drizzle(async (text, params, method) => {
    const rows = await pool.use((sql) => {
      const query = sql.unsafe(text, params, prepared);
      return method === 'all' ? query.values() : query;
    }, patience);
    return { rows: [...rows] };
  });

  return {
    async call<T>(verb: `${string}_v${number}`, ...args: readonly VerbArgument[]) {
      const marks = args.map((_, index) => `$${index + 1}`).join(', ');
      const text = `select ${verbName(verb)}(${marks}) as answer`;
      const [row] = await timed(verb, run(text, args));
      return row?.['answer'] as T;
    },
    async sql<Row extends object>(text: TemplateStringsArray, ...values: VerbArgument[]) {
      const numbered = text.reduce((all, part, index) => `${all}$${index}${part}`);
      return (await timed('sql', run(numbered, values))) as Row[];
    },
    async read(query) {
      try {
        return await timed('read', query(orm));
      } catch (error) {
        // Its message carries every parameter, and its cause says what happened.
        throw error instanceof DrizzleQueryError ? error.cause : error;
      }
    },
    connect: () => retryConnect(() => ping(2 * answerTimeoutMs), settings, onEvent),
    ping,
    stats: pool.stats,
    close: pool.close,
  };

  async function timed<T>(statement: StatementName, work: PromiseLike<T>): Promise<T> {
    const startedAt = performance.now();
    try {
      return await work;
    } finally {
      onStatement?.(statement, performance.now() - startedAt);
    }
  }

  async function run(text: string, args: readonly VerbArgument[]) {
    return [...(await pool.use((sql) => sql.unsafe(text, args.map(written), prepared), patience))];
  }
}

const prepared = { prepare: true, simple: false } as const;

/** JSON goes as its text: the server knows from the function's own signature what it is. */
function written(value: VerbArgument): string | number | boolean | null {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : value;
}

function verbName(verb: string): string {
  if (!/^[a-z_]+\.[a-z_]+_v[1-9][0-9]*$/.test(verb)) throw new RangeError(`no verb: ${verb}`);
  return verb;
}
