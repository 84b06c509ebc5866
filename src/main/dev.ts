import { styleText } from 'node:util';
import { devConfig, orExit } from './config.js';
import { devStateDir } from './dev-state.js';
import { isWorthShowing, prettyLine } from './log-lines.js';
import { stopSignal } from './process.js';
import { type Stack, startStack } from './stack.js';

// The whole stack in the foreground, its state kept in .holdfast/ until somebody removes it.
const config = orExit(devConfig);
const signal = stopSignal();

try {
  const stack = await Promise.race([startDev(), signal]);
  if (typeof stack !== 'string') {
    say(welcome(stack));
    await signal;
    say('Stopping ...');
    await stack.stop();
    say('Stopped. What it knew is kept in .holdfast/.');
  }
  process.exit(0);
} catch (error) {
  say(styleText('red', error instanceof Error ? error.message : String(error)));
  process.exit(1);
}

function startDev(): Promise<Stack> {
  const { metricsPort } = config.telemetry;
  return startStack({
    stateDir: devStateDir,
    keep: true,
    ports: {
      gateway: config.port,
      workerHealth: config.healthPort,
      relayHealth: config.healthPort + 1,
      sandbox: config.sandboxPort,
      notices: config.noticesPort,
      noticesSmtp: config.noticesSmtpPort,
      ...(metricsPort !== null && {
        workerMetrics: metricsPort,
        gatewayMetrics: metricsPort + 1,
        relayMetrics: metricsPort + 2,
      }),
    },
    databaseUrl: config.databaseUrl,
    temporalCli: config.temporalCli,
    cacheDir: config.cacheDir,
    environment: { HOLDFAST_TASK_QUEUE: config.taskQueue },
    onProgress: say,
    onLine: (name, line) => {
      if (isWorthShowing(line)) say(prettyLine(name, line));
    },
  });
}

function welcome({ urls }: Stack): string {
  const title = (text: string) => styleText('bold', text.padEnd(13));
  const metrics = config.telemetry.metricsPort;
  const send = (path: string, key: string, body: object) =>
    [
      `  curl -sw '\\n' -X POST ${urls.gateway}/v1/${path} -H "Authorization: Bearer $TOKEN" \\`,
      `    -H 'Content-Type: application/json' -H 'Idempotency-Key: ${key}' \\`,
      `    -d '${JSON.stringify(body)}'`,
    ].join('\n');
  return [
    '',
    `${title('Gateway')}${urls.gateway}`,
    `${title('API docs')}${urls.docs}`,
    `${title('Temporal UI')}${urls.temporalUi}`,
    `${title('Provider')}${urls.provider}`,
    `${title('Notices')}${urls.notices}/deliveries`,
    ...(metrics === null
      ? []
      : [`${title('Metrics')}http://127.0.0.1:${metrics}/metrics (worker)`]),
    '',
    'A token, two accounts, money, and a payment:',
    '  TOKEN=$(npm run --silent token -- admin)',
    send('accounts', 'open-alice', { id: 'alice', currency: 'EUR', kind: 'customer' }),
    send('accounts', 'open-shop', { id: 'shop', currency: 'EUR', kind: 'merchant' }),
    send('accounts/alice/funding', 'fund-alice-1', { amount: 100_00, currency: 'EUR' }),
    send('payments', 'first-payment', { account: 'alice', amount: 12_50, currency: 'EUR' }),
    '  npx holdfast ops list',
    '',
    'Ctrl-C stops it all.',
  ].join('\n');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
