import type { AddressInfo } from 'node:net';
import { Connection } from '@temporalio/client';
import { createTokenVerifier } from '../gateway/index.js';
import { type Log, serveMetrics, startTracing } from '../telemetry/index.js';
import { composeGateway } from './compose-gateway.js';
import { composeObjects } from './compose-objects.js';
import { type GatewayConfig, gatewayConfig, orExit } from './config.js';
import { measuredLog } from './measured-log.js';
import { openDatabase } from './open-database.js';
import { type Running, runProcess } from './process.js';
import { watchProcess } from './watch-process.js';

const databaseCloseTimeoutMs = 4_000;

// The gateway: takes requests over HTTP, starts operations, and says what became of them.
const config = orExit(gatewayConfig);
const { log, metrics } = measuredLog(config.telemetry);
await runProcess(log, () => startGateway(config, log));

async function startGateway(settings: GatewayConfig, parentLog: Log): Promise<Running> {
  const { host, port, telemetry, temporal } = settings;
  const { service, metricsPort, otlpEndpoint } = telemetry;
  const tracing = startTracing({ service, otlpEndpoint });
  const database = await openDatabase(settings.database, service, { log: parentLog, metrics });
  // Lazy: while Temporal is away it serves what it can, and /readyz says so.
  const connection = Connection.lazy(temporal.connection);
  const gateway = await composeGateway({
    database,
    connection,
    namespace: temporal.namespace,
    taskQueue: temporal.taskQueue,
    payloadKeys: settings.payloadKeys,
    approvalAbove: settings.approvalAbove,
    noticeLimitPerHour: settings.noticeLimitPerHour,
    notices: settings.notices,
    objects: await composeObjects(settings, { database, log: parentLog, metrics }),
    uploadLimits: settings.uploadLimits,
    downloads: settings.downloads,
    verifyToken: createTokenVerifier(settings.auth),
    webhooks: settings.webhooks,
    tracing,
    log: parentLog,
    metrics,
  });
  const exposed =
    metricsPort === null ? undefined : await serveMetrics(metrics, { host, port: metricsPort });
  const unwatch = watchProcess(database, metrics);
  await gateway.listen({ host, port });
  const address = gateway.server.address() as AddressInfo;
  parentLog.info({ url: `http://${host}:${address.port}` }, 'listening');

  return {
    async stop() {
      unwatch();
      await gateway.close();
      await exposed?.close();
      // The exit closes the connection to Temporal: closed now, a call that is about to be tried
      // again would throw where nobody can catch it.
      await database.close(databaseCloseTimeoutMs);
      await tracing.flush();
      return gateway.ended;
    },
  };
}
