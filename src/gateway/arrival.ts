import type { IncomingHttpHeaders } from 'node:http';
import type { App } from './app.js';
import { limits } from './limits.js';
import { refuseConnection } from './transport.js';

/**
 * Cuts off what does not arrive: a body that is not whole in time, or, where it may be as long as
 * a film, one that stands still for so long. Node's own limit knows one time for all requests.
 */
export function boundArrival(app: App, timeoutMs: number = limits.requestTimeoutMs): void {
  app.addHook('onRequest', async ({ raw, headers, routeOptions }, reply) => {
    if (!hasBody(headers)) return;
    const { takesStream = false } = routeOptions.config;
    let seen = -1;
    const timer = setInterval(() => {
      const { bytesRead } = raw.socket;
      if (takesStream && bytesRead > seen) seen = bytesRead;
      else refuseConnection(Object.assign(new Error('too slow'), { code }), raw.socket);
    }, timeoutMs);
    for (const end of [raw, reply.raw]) end.once('close', () => clearInterval(timer));
  });
}

/** True for a request that announces a body. */
export function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

const code = 'ERR_HTTP_REQUEST_TIMEOUT';
