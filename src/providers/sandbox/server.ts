import { once, setMaxListeners } from 'node:events';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { readObject } from '../../domain/index.js';
import { chargeRoutes } from './charge-routes.js';
import { type Charges, createCharges } from './charges.js';
import { parseFaultRule } from './fault-rule.js';
import { createFaults, type Faults } from './faults.js';
import { openLedgerFile } from './ledger.js';
import { sendProblem } from './problems.js';

export interface SandboxLogLine {
  readonly level: 'info' | 'error';
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface SandboxServerOptions {
  /** The ledger: one JSON line per entry, created when missing, replayed when not. */
  readonly file: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** `127.0.0.1` by default. */
  readonly host?: string;
  /** How far look-ups by reference and by time lag, in milliseconds; 0 by default. */
  readonly visibilityDelayMs?: number;
  readonly onLog?: (line: SandboxLogLine) => void;
}

export interface SandboxServer {
  readonly url: string;
  /** Answers what is under way, 10 s long, cuts what would hang, and says how many it answered. */
  close(): Promise<{ readonly drained: number }>;
}

const bodyBytesMax = 64 * 1024;
const requestTimeoutMs = 10_000;
const drainMsMax = 10_000;

/** The sandbox provider, listening. Rejects for a ledger that is no ledger and for a taken port. */
export async function createSandboxServer(options: SandboxServerOptions): Promise<SandboxServer> {
  const { port, host = '127.0.0.1', visibilityDelayMs = 0, onLog = () => undefined } = options;
  const { entries, ledger } = await openLedgerFile(options.file);
  const charges = createCharges(entries, ledger, visibilityDelayMs);
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
  chargeRoutes(app, {
    charges,
    faults,
    closing: closing.signal,
    onFault: ({ method, url }, { fault }) =>
      onLog({ level: 'info', message: 'misbehaving', method, url, fault }),
  });
  controlRoutes(app, charges, faults);

  try {
    return {
      url: await app.listen({ port, host }),
      async close() {
        const drained = [...open].filter((reply) => !reply.sent).length;
        closing.abort();
        const closed = app.close();
        const patience = AbortSignal.timeout(drainMsMax);
        const ends = [...open].map((reply) => once(reply.raw, 'close', { signal: patience }));
        await Promise.allSettled(ends);
        // An idle keep-alive connection would hold the close up for minutes.
        app.server.closeAllConnections();
        await closed;
        await ledger.close();
        return { drained };
      },
    };
  } catch (error) {
    await ledger.close();
    throw error;
  }
}

function createApp(onLog: (line: SandboxLogLine) => void): FastifyInstance {
  const app = Fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestTimeoutMs,
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

const shiftMsMax = 10 * 365 * 24 * 3_600_000;

/** The routes for tests and demonstrations: no fault strikes them. */
function controlRoutes(app: FastifyInstance, charges: Charges, faults: Faults): void {
  app.get('/livez', () => ({ status: 'ok' }));

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

  app.post('/clock', async (request, reply) => {
    const shift = readObject(request.body, ['shiftMs'], (read) =>
      read.whole('shiftMs', 0, shiftMsMax),
    );
    if (!shift.ok) return sendProblem(reply, 400, 'body-invalid', shift.faults);
    return { shiftMs: await charges.shiftClock(shift.value), now: charges.now() };
  });
}
