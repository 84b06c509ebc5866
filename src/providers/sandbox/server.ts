import { once, setMaxListeners } from 'node:events';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { readObject } from '../../domain/index.js';
import type { Bend } from './bend.js';
import type { WebhookSettings } from './deliveries.js';
import { createEvents, type Events } from './events.js';
import { parseFaultRule } from './fault-rule.js';
import { createFaults, type Faults } from './faults.js';
import { type Effect, type LedgerEntry, openLedgerFile } from './ledger.js';
import { type Misbehaving, moneyRoutes } from './money-routes.js';
import { sendProblem } from './problems.js';
import { openDeeds, serviceRoutes, servicesFile } from './services.js';
import { createTill, type Till } from './till.js';
import { createWebhooks, type Webhooks } from './webhooks.js';

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
  /** How long an authorisation lasts, in milliseconds of its clock; 7 days by default. */
  readonly holdMs?: number;
  /** Where events go; without it none are sent. */
  readonly webhooks?: WebhookSettings | undefined;
  readonly onLog?: (line: SandboxLogLine) => void;
}

export interface SandboxServer {
  readonly url: string;
  /** Refuses what is new, 503, and answers what is under way, 10 s long; cuts what would hang. */
  close(): Promise<Closed>;
}

/** Of the requests that were under way: how many were answered, and how many were cut. */
interface Closed {
  readonly drained: number;
  readonly interrupted: number;
}

const bodyBytesMax = 64 * 1024;
const requestTimeoutMs = 10_000;
const drainMsMax = 10_000;
const holdMsDefault = 7 * 24 * 3_600_000;

/** The sandbox provider, listening. Rejects for a ledger that is no ledger and for a taken port. */
export async function createSandboxServer(options: SandboxServerOptions): Promise<SandboxServer> {
  const { port, host = '127.0.0.1', onLog = () => undefined } = options;
  const { entries, ledger } = await openLedgerFile(options.file);
  const onEffect = (effect: Effect, bend: Bend) => herald?.events.happened(effect, bend);
  const { visibilityDelayMs = 0, holdMs = holdMsDefault } = options;
  const till = createTill(entries, ledger, { visibilityDelayMs, holdMs, onEffect });
  const herald = options.webhooks && createHerald(options.webhooks, entries, till, onLog);
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
  const misbehaving: Misbehaving = {
    ...{ faults, closing: closing.signal },
    onFault: ({ method, url }, { fault }) =>
      onLog({ level: 'info', message: 'misbehaving', method, url, fault }),
  };
  moneyRoutes(app, { till, ...misbehaving });
  const deeds = await openDeeds(servicesFile(options.file));
  serviceRoutes(app, deeds, misbehaving);
  controlRoutes(app, till, faults, () => herald?.events.clockMoved());

  try {
    return {
      url: await app.listen({ port, host }),
      async close() {
        const underWay = [...open].filter(({ raw }) => !raw.writableFinished);
        await app.close();
        const drained = underWay.filter(({ raw }) => raw.writableFinished).length;
        herald?.events.stop();
        await herald?.webhooks.close();
        await ledger.close();
        await deeds.close();
        return { drained, interrupted: underWay.length - drained };
      },
    };
  } catch (error) {
    herald?.events.stop();
    await ledger.close();
    await deeds.close();
    throw error;
  }
}

function createHerald(
  settings: WebhookSettings,
  entries: readonly LedgerEntry[],
  { now }: Till,
  onLog: (line: SandboxLogLine) => void,
): { readonly webhooks: Webhooks; readonly events: Events } {
  const webhooks = createWebhooks(settings, ({ id, type, reason }) =>
    onLog({ level: 'error', message: 'an event was given up', id, type, reason }),
  );
  const earlier = entries.filter((entry) => entry.type !== 'clock' && entry.type !== 'fence');
  return { webhooks, events: createEvents({ earlier, now, send: webhooks.send }) };
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

const shiftMsMax = 10 * 365 * 24 * 3_600_000;

/** The routes for tests and demonstrations: no fault strikes them. */
function controlRoutes(
  app: FastifyInstance,
  till: Till,
  faults: Faults,
  onClock: () => void,
): void {
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

  app.post('/clock', async (request, reply) => {
    const shift = readObject(request.body, ['shiftMs'], (read) =>
      read.whole('shiftMs', 0, shiftMsMax),
    );
    if (!shift.ok) return sendProblem(reply, 400, 'body-invalid', shift.faults);
    const shiftMs = await till.shiftClock(shift.value);
    onClock();
    return { shiftMs, now: till.now() };
  });
}
