import { tmpdir } from 'node:os';
import { onTestFinished } from 'vitest';
import { childEnvironment } from '../../src/main/config.js';
import { createStackProcess } from '../../src/main/stack-process.js';
import { freePort } from '../../src/servers/port.js';

/** The process as production starts it. */
export async function aRelay(
  name: string,
  environment: Readonly<Record<string, string>>,
  onLine?: (line: string) => void,
) {
  const port = await freePort();
  const relay = createStackProcess({
    ...{ name, entry: 'relay', cwd: tmpdir(), onProgress: () => undefined },
    environment: childEnvironment({
      ...{ HOST: '127.0.0.1', HEALTH_PORT: `${port}`, METRICS_PORT: 'off' },
      ...environment,
    }),
    readyUrl: `http://127.0.0.1:${port}/readyz`,
    onLine: (_, line) => onLine?.(line),
  });
  onTestFinished(async () => void (await relay.stop()));
  await relay.start();
  return relay;
}
