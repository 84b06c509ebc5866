import type { FastifyReply, FastifyRequest } from 'fastify';
import type { App, GatewayDeps } from './app.js';

/** One trace, one log line and one count for every request; none holds a body or a token. */
export function observe(app: App, deps: Pick<GatewayDeps, 'log' | 'metrics' | 'tracing'>): void {
  const log = deps.log.child({ module: 'gateway' });

  let connections = 0;
  const changed = (by: 1 | -1) => {
    connections += by;
    deps.metrics.set('activeConnections', connections, {});
  };
  app.server.on('connection', (socket) => {
    changed(1);
    socket.once('close', () => changed(-1));
  });

  app.addHook('onRequest', (request, reply, done) => {
    const { method, headers } = request;
    const { traceparent } = headers;
    request.trace = deps.tracing.startRequest({
      name: `${method} ${routeOf(request)}`,
      traceparent,
    });
    reply.header('x-request-id', request.id);
    request.trace.run(done);
  });

  app.addHook('onResponse', async (request, reply) => {
    const { method } = request;
    const endpoint = routeOf(request);
    const status = String(reply.statusCode);
    deps.metrics.count('httpRequests', { method, endpoint, status });
    deps.metrics.observe('httpRequest', reply.elapsedTime / 1_000, { method, endpoint });
    log.info(lineOf(request, reply), 'answered');
    request.trace.end(reply.statusCode >= 500 ? status : undefined);
  });
}

function lineOf(request: FastifyRequest, reply: FastifyReply): object {
  return {
    requestId: request.id,
    traceId: request.trace.traceId,
    method: request.method,
    route: routeOf(request),
    status: reply.statusCode,
    ms: Math.round(reply.elapsedTime),
    ...(request.caller && { tenant: request.caller.tenant, userId: request.caller.subject }),
    ...(request.opId && { opId: request.opId }),
  };
}

function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'none';
}
