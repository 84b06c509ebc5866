import { createNoticesSandbox } from '../providers/notices-sandbox/index.js';
import { createLog } from '../telemetry/log.js';
import { noticesSandboxConfig, orExit } from './config.js';
import { runProcess } from './process.js';

// The far side of all channels as a process: `listening` is its first line, `stopped` its last.
const { logLevel, ...settings } = orExit(noticesSandboxConfig);
const log = createLog({ service: 'holdfast-notices-sandbox', level: logLevel });

await runProcess(log, async () => {
  const sandbox = await createNoticesSandbox({
    ...settings,
    onLog: ({ level, message, ...fields }) => log[level](fields, message),
  });
  const { url, smtpUrl } = sandbox;
  log.info({ url, smtpUrl, ledgerFile: settings.file }, 'listening');
  return { stop: () => sandbox.close() };
});
