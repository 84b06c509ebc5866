import { createAlerts, createEvents } from '../ledger/index.js';
import { createRelay } from '../outbox/index.js';
import {
  createAlerter,
  createAlertWebhook,
  type Log,
  serveMetrics,
  startTracing,
  type Tracing,
} from '../telemetry/index.js';
import { composeSinks, type NamedSink } from './compose-sinks.js';
import { orExit, type RelayConfig, relayConfig } from './config.js';
import { startHealthServer } from './health.js';
import { measuredLog } from './measured-log.js';
import { openDatabase } from './open-database.js';
import { type Running, runProcess } from './process.js';
import { watchProcess } from './watch-process.js';
import { watchStanding } from './watch-standing.js';

const databaseCheckTimeoutMs = 1_400;
const databaseCloseTimeoutMs = 4_000;

// The relay: lets events leave the ledger to every sink; several relays may run, and share the
// work. Alerts leave here too, since it needs the database alone: where workers or Temporal are
// down, it still tells.
const config = orExit(relayConfig);
const { log, metrics } = measuredLog(config.telemetry);
await runProcess(log, () => startRelay(config, log));

async function startRelay(settings: RelayConfig, parentLog: Log): Promise<Running> {
  const { host, healthPort, telemetry } = settings;
  const { service, metricsPort, otlpEndpoint } = telemetry;
  const tracing = startTracing({ service, otlpEndpoint });
  const database = await openDatabase(settings.database, service, { log: parentLog, metrics });
  const sinks = composeSinks(settings.sinks, { database, tracing, log: parentLog }).map((sink) => ({
    ...{ ...sink, events: createEvents(database, sink.name) },
  }));
  // All of them before any hands on: what is handed on before that is not owed to a new one.
  await Promise.all(sinks.map(({ events }) => events.open()));
  const send = settings.alerts && createAlertWebhook(settings.alerts);
  const alerter =
    send && createAlerter({ alerts: createAlerts(database), send, log: parentLog, metrics });
  const stopping = new AbortController();
  const relayed = sinks.map((sink) => relayTo(sink, tracing, parentLog).run(stopping.signal));
  const ended = Promise.all([Promise.all(relayed), alerter?.run(stopping.signal)]);
  const checks = {
    relay: () => !stopping.signal.aborted,
    database: () => database.ping(databaseCheckTimeoutMs).then(() => true),
  };
  const health = await startHealthServer({ host, port: healthPort, checks });
  const exposed =
    metricsPort === null ? undefined : await serveMetrics(metrics, { host, port: metricsPort });
  const watches = [watchStanding(database, metrics, parentLog), watchProcess(database, metrics)];
  parentLog.info({ healthPort: health.port, sinks: sinks.map(({ name }) => name) }, 'running');

  return {
    ended,
    async stop() {
      for (const unwatch of watches) unwatch();
      stopping.abort();
      const [stopped] = await ended;
      for (const { sink } of sinks) await sink.close?.();
      await health.close();
      await exposed?.close();
      await database.close(databaseCloseTimeoutMs);
      await tracing.flush();
      return {
        drained: stopped.reduce((sum, { drained }) => sum + drained, 0),
        interrupted: stopped.reduce((sum, { interrupted }) => sum + interrupted, 0),
      };
    },
  };
}

function relayTo(
  { name, sink, ...rest }: NamedSink & { readonly events: ReturnType<typeof createEvents> },
  tracing: Tracing,
  parentLog: Log,
) {
  return createRelay({
    ...rest,
    sink: {
      publish: (event) =>
        tracing.inTrace(event.traceid, `publish ${event.type}`, () => sink.publish(event)),
    },
    onFault: (error, event) =>
      parentLog.error(
        { module: 'outbox', sink: name, err: error, eventId: event?.id },
        'event did not leave',
      ),
    onHanded: ({ taken, refused, dead }) => {
      metrics.count('eventsPublished', { sink: name }, taken);
      metrics.count('eventsRefused', { sink: name }, refused);
      if (dead > 0) parentLog.error({ module: 'outbox', sink: name, dead }, 'events set aside');
    },
  });
}
