import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const module = (path: string) => JSON.stringify(fileURLToPath(new URL(path, import.meta.url)));
const root = fileURLToPath(new URL('../..', import.meta.url));

/** A process that runs `start`; it is sent the signal once it says that it is ready. */
async function aProcess(start: string, signal?: NodeJS.Signals) {
  const code = `
    const { runProcess } = await import(${module('../../src/main/process.ts')});
    const { createLog } = await import(${module('../../src/telemetry/index.ts')});
    const log = createLog({ service: 'test', level: 'info' });
    const running = (more) => ({ stop: async () => ({ drained: 3, interrupted: 1 }), ...more });
    const keepAlive = setInterval(() => undefined, 1000);
    await runProcess(log, ${start});`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', code];
  const child = spawn(process.execPath, args, { cwd: root });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
    if (signal !== undefined && chunk.includes('ready')) child.kill(signal);
  });
  const [exitCode] = await once(child, 'close');
  const lines = out.trim().split('\n');
  return { exitCode, last: JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

const ready = `console.log('ready')`;

test.each(['SIGTERM', 'SIGINT'] as const)(
  'drains on %s, says so and exits with 0',
  async (signal) => {
    const { exitCode, last } = await aProcess(`async () => (${ready}, running({}))`, signal);

    expect(exitCode).toBe(0);
    expect(last).toMatchObject({ level: 'info', message: 'stopped', drained: 3, interrupted: 1 });
  },
);

test('stops once it has started when the signal came before', async () => {
  const signalled = `new Promise((go) => process.once('SIGTERM', go))`;
  const slow = `async () => (${ready}, await ${signalled}, running({}))`;

  expect(await aProcess(slow, 'SIGTERM')).toMatchObject({
    exitCode: 0,
    last: { message: 'stopped' },
  });
});

test.each([
  ['cannot start', `async () => { throw new Error('no database') }`, 'no database'],
  ['ends by itself', `async () => running({ ended: Promise.resolve() })`, 'ended by itself'],
  [
    'has an error that nobody handles',
    `async () => (Promise.reject(new Error('forgotten')), running({}))`,
    'forgotten',
  ],
  [
    'cannot stop',
    `async () => (${ready}, running({ stop: async () => { throw new Error('stuck') } }))`,
    'stuck',
  ],
])('exits with 1 and the reason when it %s', async (_, start, reason) => {
  const { exitCode, last } = await aProcess(start, 'SIGTERM');

  expect(exitCode).toBe(1);
  expect(last).toMatchObject({ level: 'fatal' });
  expect(last['message']).toContain(reason);
});
