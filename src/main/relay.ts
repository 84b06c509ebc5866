import { createEvents, createSinkStandings } from '../ledger/index.js';
import { createRelay } from '../outbox/index.js';
import { type Log, measureSinks, serveMetrics } from '../telemetry/index.js';
import { composeSinks, type NamedSink } from './compose-sinks.js';
import { orExit, type RelayConfig, relayConfig } from './config.js';
import { startHealthServer } from './health.js';
import { openDatabase } from './open-database.js';
import { type Running, runProcess } from './process.js';
import { processTelemetry } from './process-telemetry.js';
import { watch } from './watch.js';

const databaseCheckTimeoutMs = 1_400;
const databaseCloseTimeoutMs = 4_000;

// The relay: lets events leave the ledger to every sink. Several may run, and share the work.
const config = orExit(relayConfig);
const { metrics, log } = processTelemetry(config.telemetry);
await runProcess(log, () => startRelay(config, log));

async function startRelay(settings: RelayConfig, parentLog: Log): Promise<Running> {
  const { host, healthPort, telemetry } = settings;
  const { metricsPort, service } = telemetry;
  const database = await openDatabase(settings.database, service, parentLog);
  const sinks = composeSinks(settings.sinks, parentLog);
  const owed = sinks.map(({ name }) => createEvents(database, name));
  // All of them before any hands on: what is handed on before that is not owed to a new one.
  await Promise.all(owed.map((events) => events.open()));
  const stopping = new AbortController();
  const ended = Promise.all(
    sinks.map((sink, index) =>
      relayTo(sink, owed[index] as (typeof owed)[number], parentLog).run(stopping.signal),
    ),
  );
  const unwatch = watch({
    ...{ read: createSinkStandings(database), measure: measureSinks(metrics), log: parentLog },
    ...{ module: 'outbox', unread: 'what sinks are owed cannot be read' },
  });
  const exposed =
    metricsPort === null ? undefined : await serveMetrics(metrics, { host, port: metricsPort });
  const health = await startHealthServer({
    host,
    port: healthPort,
    checks: { database: () => database.ping(databaseCheckTimeoutMs).then(() => true) },
  });
  parentLog.info({ healthPort: health.port, sinks: sinks.map(({ name }) => name) }, 'running');

  return {
    ended,
    async stop() {
      stopping.abort();
      await ended;
      for (const { sink } of sinks) await sink.close?.();
      unwatch();
      await health.close();
      await exposed?.close();
      await database.close(databaseCloseTimeoutMs);
      return {};
    },
  };
}

function relayTo(
  { name, ...sink }: NamedSink,
  events: ReturnType<typeof createEvents>,
  parentLog: Log,
) {
  return createRelay({
    ...{ ...sink, events },
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
