import { createSandboxServer } from '../providers/sandbox/index.js';
import { createLog } from '../telemetry/log.js';
import { orExit, sandboxConfig } from './config.js';
import { runProcess } from './process.js';

// The sandbox provider as a process: `listening` is its first line, `stopped` its last.
const { host, port, ledgerFile, visibilityDelayMs, webhooks, logLevel } = orExit(sandboxConfig);
const log = createLog({ service: 'holdfast-sandbox', level: logLevel });

await runProcess(log, async () => {
  const server = await createSandboxServer({
    file: ledgerFile,
    port,
    host,
    visibilityDelayMs,
    webhooks,
    onLog: ({ level, message, ...fields }) => log[level](fields, message),
  });
  log.info({ url: server.url, ledgerFile }, 'listening');
  return { stop: () => server.close() };
});
