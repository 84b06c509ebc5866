import { createSandboxServer } from '../providers/sandbox/index.js';
import { createLog } from '../telemetry/log.js';
import { orExit, sandboxConfig } from './config.js';

// The sandbox provider as a process: `listening` is its first line, `stopped` its last.
const { host, port, ledgerFile, visibilityDelayMs, logLevel } = orExit(sandboxConfig);
const log = createLog({ service: 'holdfast-sandbox', level: logLevel });

const server = await createSandboxServer({
  file: ledgerFile,
  port,
  host,
  visibilityDelayMs,
  onLog: ({ level, message, ...fields }) => log[level](fields, message),
}).catch((error: unknown) => {
  log.fatal({ error }, 'the sandbox provider cannot start');
  process.exit(1);
});
log.info({ url: server.url, ledgerFile }, 'listening');

async function stop(signal: string): Promise<never> {
  const { drained } = await server.close();
  log.info({ signal, drained }, 'stopped');
  process.exit(0);
}

// Once: a second signal ends the process at once, as the system does by default.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));
