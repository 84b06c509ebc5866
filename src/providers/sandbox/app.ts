import { once, setMaxListeners } from 'node:events';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { parseFaultRule } from './fault-rule.js';
import { createFaults, type Faults } from './faults.js';
import { sendProblem } from './problems.js';

export interface SandboxLogLine {
  readonly level: 'info' | 'error';
  readonly message: string;
  readonly [field: string]: unknown;
}

/** Of the requests that were under way: how many were answered, and how many were cut. */
export interface Closed {
  readonly drained: number;
  readonly interrupted: number;
}

/** What every sandbox has, whatever it plays: faults, health, and an end without loose ends. */
export interface SandboxApp {
  readonly app: FastifyInstance;
  readonly faults: Faults;
  /** Fires when it closes: what waits is answered now. */
  readonly closing: AbortSignal;
  /** Refuses what is new, 503, and answers what is under way, 10 s long; cuts what would hang. */
  close(): Promise<Closed>;
}

const bodyBytesMax = 64 * 1024;
const requestTimeoutMs = 10_000;
const drainMsMax = 10_000;

export function createSandboxApp(onLog: (line: SandboxLogLine) => void): SandboxApp {
  const faults = createFaults();
  const closing = new AbortController();
  // Every hanging answer listens; how many hang is the faults' business.
  setMaxListeners(0, closing.signal);
  const open = new Set<FastifyReply>();

  const app = createApp(onLog);
  app.addHook('onRequest', async (_request, reply) => {
    open.add(reply);
    reply.raw.once('close', () => open.delete(reply));
  });
  app.addHook('onResponse', async ({ method, url, headers }, reply) => {
    const traceId = /^00-([0-9a-f]{32})-/.exec(String(headers.traceparent))?.[1];
    onLog({ level: 'info', message: 'answered', method, url, status: reply.statusCode, traceId });
  });
  // The listener goes on until this ends, and Fastify answers 503 to what is new.
  app.addHook('preClose', async () => {
    closing.abort();
    const patience = AbortSignal.timeout(drainMsMax);
    setMaxListeners(0, patience);
    const ends = [...open].map(({ raw }) => once(raw, 'close', { signal: patience }));
    await Promise.allSettled(ends);
  });
  faultRoutes(app, faults);

  return {
    ...{ app, faults, closing: closing.signal },
    async close() {
      const underWay = [...open].filter(({ raw }) => !raw.writableFinished);
      await app.close();
      const drained = underWay.filter(({ raw }) => raw.writableFinished).length;
      return { drained, interrupted: underWay.length - drained };
    },
  };
}

function createApp(onLog: (line: SandboxLogLine) => void): FastifyInstance {
  const app = Fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
    // An idle keep-alive connection would hold the close up for minutes.
    forceCloseConnections: true,
    frameworkErrors: (_error, _request, reply) => {
      sendProblem(reply, 400, 'request-invalid');
    },
  });
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 404, 'not-found'));
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const { statusCode: status = 500 } = error;
    if (status < 500) return sendProblem(reply, status, 'request-invalid');
    onLog({ level: 'error', message: 'a request failed', error });
    return sendProblem(reply, 500, 'internal-error');
  });
  return app;
}

/** The routes for tests and demonstrations: no fault strikes them. */
function faultRoutes(app: FastifyInstance, faults: Faults): void {
  app.get('/livez', () => ({ status: 'ok' }));
  app.get('/readyz', () => ({ status: 'ok' }));

  app.post('/faults', (request, reply) => {
    const rule = parseFaultRule(request.body);
    if (!rule.ok) return sendProblem(reply, 400, 'body-invalid', rule.faults);
    if (!faults.add(rule.value)) return sendProblem(reply, 409, 'too-many-faults');
    return reply.code(201).send(rule.value);
  });
  app.get('/faults', () => ({ data: faults.list() }));
  app.delete('/faults', (_request, reply) => {
    faults.clear();
    return reply.code(204).send();
  });
}
