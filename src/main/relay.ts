import { createAlerts, createEvents } from '../ledger/index.js';
import { createLineSink, createRelay, type Sink } from '../outbox/index.js';
import {
  createAlerter,
  createAlertWebhook,
  type Log,
  serveMetrics,
  startTracing,
} from '../telemetry/index.js';
import { orExit, type RelayConfig, relayConfig } from './config.js';
import { startHealthServer } from './health.js';
import { measuredLog } from './measured-log.js';
import { openDatabase } from './open-database.js';
import { type Running, runProcess } from './process.js';
import { watchProcess } from './watch-process.js';
import { watchStanding } from './watch-standing.js';

const databaseCheckTimeoutMs = 1_400;
const databaseCloseTimeoutMs = 4_000;

// The relay: lets events leave the ledger. For now they go to its own stdout, a line of JSON each;
// several relays may run, and share the work. Alerts leave here too, since it needs the database
// alone: where workers or Temporal are down, it still tells.
const config = orExit(relayConfig);
const { log, metrics } = measuredLog(config.telemetry);
await runProcess(log, () => startRelay(config, log));

async function startRelay(settings: RelayConfig, parentLog: Log): Promise<Running> {
  const { host, healthPort, telemetry } = settings;
  const { service, metricsPort, otlpEndpoint } = telemetry;
  const tracing = startTracing({ service, otlpEndpoint });
  const database = await openDatabase(settings.database, service, { log: parentLog, metrics });
  const lines = createLineSink(process.stdout);
  const sink: Sink = {
    publish: (event) =>
      tracing.inTrace(event.traceid, `publish ${event.type}`, () => lines.publish(event)),
  };
  const relay = createRelay({
    events: createEvents(database),
    sink,
    onFault: (error, event) =>
      parentLog.error({ module: 'outbox', err: error, eventId: event?.id }, 'event did not leave'),
  });
  const send = settings.alerts && createAlertWebhook(settings.alerts);
  const alerter =
    send && createAlerter({ alerts: createAlerts(database), send, log: parentLog, metrics });
  const stopping = new AbortController();
  const ended = Promise.all([relay.run(stopping.signal), alerter?.run(stopping.signal)]);
  const checks = {
    relay: () => !stopping.signal.aborted,
    database: () => database.ping(databaseCheckTimeoutMs).then(() => true),
  };
  const health = await startHealthServer({ host, port: healthPort, checks });
  const exposed =
    metricsPort === null ? undefined : await serveMetrics(metrics, { host, port: metricsPort });
  const watches = [watchStanding(database, metrics, parentLog), watchProcess(database, metrics)];
  parentLog.info({ healthPort: health.port }, 'running');

  return {
    ended,
    async stop() {
      for (const unwatch of watches) unwatch();
      stopping.abort();
      const [stopped] = await ended;
      await health.close();
      await exposed?.close();
      await database.close(databaseCloseTimeoutMs);
      await tracing.flush();
      return stopped;
    },
  };
}
