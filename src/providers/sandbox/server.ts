import type { FastifyInstance } from 'fastify';
import { readObject } from '../../domain/index.js';
import { type Closed, createSandboxApp, type SandboxLogLine } from './app.js';
import type { Bend } from './bend.js';
import type { WebhookSettings } from './deliveries.js';
import { createEvents, type Events } from './events.js';
import { type Effect, type LedgerEntry, openLedgerFile } from './ledger.js';
import { type Misbehaving, moneyRoutes } from './money-routes.js';
import { sendProblem } from './problems.js';
import { openDeeds, serviceRoutes, servicesFile } from './services.js';
import { createTill, type Till } from './till.js';
import { createWebhooks, type Webhooks } from './webhooks.js';

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

const holdMsDefault = 7 * 24 * 3_600_000;

/** The sandbox provider, listening. Rejects for a ledger that is no ledger and for a taken port. */
export async function createSandboxServer(options: SandboxServerOptions): Promise<SandboxServer> {
  const { port, host = '127.0.0.1', onLog = () => undefined } = options;
  const { entries, ledger } = await openLedgerFile(options.file);
  const onEffect = (effect: Effect, bend: Bend) => herald?.events.happened(effect, bend);
  const { visibilityDelayMs = 0, holdMs = holdMsDefault } = options;
  const till = createTill(entries, ledger, { visibilityDelayMs, holdMs, onEffect });
  const herald = options.webhooks && createHerald(options.webhooks, entries, till, onLog);
  const { app, faults, closing, close } = createSandboxApp(onLog);
  const misbehaving: Misbehaving = {
    ...{ faults, closing },
    onFault: ({ method, url }, { fault }) =>
      onLog({ level: 'info', message: 'misbehaving', method, url, fault }),
  };
  moneyRoutes(app, { till, ...misbehaving });
  const deeds = await openDeeds(servicesFile(options.file));
  serviceRoutes(app, deeds, misbehaving);
  clockRoute(app, till, () => herald?.events.clockMoved());

  try {
    return {
      url: await app.listen({ port, host }),
      async close() {
        const closed = await close();
        herald?.events.stop();
        await herald?.webhooks.close();
        await ledger.close();
        await deeds.close();
        return closed;
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

const shiftMsMax = 10 * 365 * 24 * 3_600_000;

function clockRoute(app: FastifyInstance, till: Till, onClock: () => void): void {
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
