import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** What a process needs in order to serve; each answers, or is down. */
export type Checks = Readonly<Record<string, () => Promise<boolean> | boolean>>;

export interface HealthOptions {
  readonly host: string;
  readonly port: number;
  readonly checks: Checks;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

const checkTimeoutMs = 1_500;

/**
 * `/livez`: 200 while the process runs. `/readyz`: 200 when every check is fine, else 503 with
 * the names of those that are not, within 2 s, and no connection is kept.
 */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 });
  server.on('request', ({ url }, response) => {
    void answer(url ?? '', options.checks).then(([status, body]) => {
      const headers = {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        ...(status === 503 && { connection: 'close' }),
      };
      response.writeHead(status, headers).end(JSON.stringify(body));
    });
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => closed(server),
  };
}

async function answer(url: string, checks: Checks): Promise<[number, object]> {
  if (url === '/livez') return [200, { status: 'ok' }];
  if (url !== '/readyz') return [404, { status: 'not-found' }];
  const names = Object.keys(checks);
  const fine = await Promise.all(names.map((name) => isFine(checks[name])));
  const down = names.filter((_, index) => !fine[index]);
  return down.length === 0 ? [200, { status: 'ok' }] : [503, { status: 'unavailable', down }];
}

async function isFine(check: Checks[string] | undefined): Promise<boolean> {
  if (check === undefined) return false;
  const late = new AbortController();
  try {
    const inTime = delay(checkTimeoutMs, false, { signal: late.signal }).catch(() => false);
    return await Promise.race([check(), inTime]);
  } catch {
    return false;
  } finally {
    late.abort();
  }
}

async function closed(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
