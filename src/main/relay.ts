import { createEvents } from '../ledger/index.js';
import { createLineSink, createRelay } from '../outbox/index.js';
import { createLog, type Log } from '../telemetry/index.js';
import { orExit, type RelayConfig, relayConfig } from './config.js';
import { startHealthServer } from './health.js';
import { openDatabase } from './open-database.js';
import { type Running, runProcess } from './process.js';

const databaseCheckTimeoutMs = 1_400;
const databaseCloseTimeoutMs = 4_000;

// The relay: lets events leave the ledger. For now they go to its own stdout, a line of JSON each;
// several relays may run, and share the work.
const config = orExit(relayConfig);
const log = createLog({ service: config.telemetry.service, level: config.telemetry.logLevel });
await runProcess(log, () => startRelay(config, log));

async function startRelay(settings: RelayConfig, parentLog: Log): Promise<Running> {
  const { host, healthPort, telemetry } = settings;
  const database = await openDatabase(settings.database, telemetry.service, parentLog);
  const relay = createRelay({
    events: createEvents(database),
    sink: createLineSink(process.stdout),
    onFault: (error, event) =>
      parentLog.error({ module: 'outbox', err: error, eventId: event?.id }, 'event did not leave'),
  });
  const stopping = new AbortController();
  const ended = relay.run(stopping.signal);
  const health = await startHealthServer({
    host,
    port: healthPort,
    checks: {
      relay: () => !stopping.signal.aborted,
      database: () => database.ping(databaseCheckTimeoutMs).then(() => true),
    },
  });
  parentLog.info({ healthPort: health.port }, 'running');

  return {
    ended,
    async stop() {
      stopping.abort();
      const stopped = await ended;
      await health.close();
      await database.close(databaseCloseTimeoutMs);
      return stopped;
    },
  };
}
