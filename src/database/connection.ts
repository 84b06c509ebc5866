import { Socket } from 'node:net';
import postgres from 'postgres';

/** How values come and go: whole numbers as numbers, JSON parsed, moments as text. */
export const columnTypes = {
  int8: { to: 20, from: [20], serialize: String, parse: safeInteger },
  moment: {
    to: 1184,
    from: [1082, 1083, 1114, 1184, 1186, 1266],
    serialize: String,
    parse: String,
  },
  // What goes out is JSON text already; a second stringify would make a string of it.
  json: { to: 114, from: [114], serialize: String, parse: JSON.parse },
  jsonb: { to: 3802, from: [3802], serialize: String, parse: JSON.parse },
};

export type Sql = ReturnType<typeof postgres<typeof columnTypes>>;

export interface ConnectionSettings {
  readonly url: string;
  readonly applicationName: string;
  readonly connectTimeoutMs: number;
  readonly connectionLifetimeSeconds: number;
}

/** One connection, made at its first query. */
export interface Connection {
  readonly sql: Sql;
  /** Whether it was lost. postgres.js would make another, but forgets a query asked meanwhile. */
  isLost(): boolean;
  /** Fails what runs on it and drops the socket at once. It is not to be used again. */
  discard(): void;
  /** Lets what runs on it end, at most so long, and drops the socket. */
  close(timeoutMs: number): Promise<void>;
}

/** A client of postgres.js for one connection only, so that who waits, and for what, is ours. */
export function openConnection(settings: ConnectionSettings): Connection {
  let socket: Socket | undefined;
  let discarded = false;

  const options = {
    types: columnTypes,
    max: 1,
    connect_timeout: settings.connectTimeoutMs / 1000,
    // Spread, so that connections opened together are not replaced together.
    max_lifetime: settings.connectionLifetimeSeconds * (0.9 + 0.1 * Math.random()),
    idle_timeout: 0,
    // Its own waits between tries are unbounded by any query; ours are in retry.ts.
    backoff: () => 0,
    // Its query for array types, sent by itself, is a rejection nobody handles when it is cut.
    fetch_types: false,
    prepare: true,
    debug: false,
    no_subscribe: true,
    onnotice: () => {},
    connection: { application_name: settings.applicationName },
    socket: dial,
  };
  const sql: Sql = postgres(settings.url, options);

  function dial(to: { host: string[]; port: number[]; path?: string | false }): Socket {
    const [host = 'localhost', port = 5432] = [to.host[0], to.port[0]];
    // The host is where postgres.js looks for the name that a certificate must have.
    const dialled = Object.assign(new Socket(), { host });
    socket = dialled;
    dialled.setNoDelay(true);
    // Once postgres.js listens: an error before that would end the process.
    setImmediate(() => {
      if (discarded) dialled.destroy();
      else if (to.path) dialled.connect(to.path);
      else dialled.connect(port, host);
    });
    return dialled;
  }

  function discard(): void {
    discarded = true;
    void sql.end({ timeout: 0 }).finally(() => socket?.destroy());
  }

  return {
    sql,
    isLost: () => socket?.destroyed ?? false,
    discard,
    async close(timeoutMs) {
      await sql.end({ timeout: timeoutMs / 1000 });
      discarded = true;
      socket?.destroy();
    },
  };
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is beyond a safe integer`);
  return value;
}
