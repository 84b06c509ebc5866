import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { childEnvironment } from '../../src/main/config.js';
import { createStackProcess } from '../../src/main/stack-process.js';
import { freePort } from '../../src/servers/index.js';
import { eventually } from '../support/eventually.js';

const cwd = await mkdtemp(join(tmpdir(), 'holdfast-process-'));
afterAll(() => rm(cwd, { recursive: true, force: true }));

async function aSandbox(over: Record<string, string> = {}) {
  const port = await freePort();
  const said: string[] = [];
  const environment = {
    SANDBOX_PSP_PORT: `${port}`,
    SANDBOX_PSP_LEDGER_FILE: join(cwd, `${port}.jsonl`),
    ...over,
  };
  const readyUrl = `http://127.0.0.1:${port}/livez`;
  const options = { name: 'sandbox', entry: 'sandbox', cwd, readyUrl };
  return { said, options, environment };
}

test('starts a process that dies by itself again, and says so', async () => {
  const { options, environment, said } = await aSandbox();
  const sandbox = createStackProcess({
    ...options,
    environment: childEnvironment(environment),
    onProgress: (line) => said.push(line),
  });
  await sandbox.start();
  const first = sandbox.pid ?? 0;

  process.kill(first, 'SIGKILL');
  await eventually(async () => expect((await fetch(options.readyUrl)).status).toBe(200));

  expect(said).toEqual([expect.stringContaining('sandbox ended with SIGKILL; starting it again')]);
  expect(sandbox.pid).not.toBe(first);
  await sandbox.stop();
  expect(sandbox.pid).toBeUndefined();
});

test('tells the last lines of a process that ends before it serves', async () => {
  const { options, environment } = await aSandbox({ SANDBOX_PSP_PORT: 'none' });
  const sandbox = createStackProcess({
    ...options,
    environment: childEnvironment(environment),
    onProgress: () => undefined,
  });

  await expect(sandbox.start()).rejects.toThrow(
    /^sandbox ended with code 1 before it served:\n[^]*SANDBOX_PSP_PORT must be/,
  );
});

test('takes its process down when the one who started it is killed', async () => {
  const { options, environment } = await aSandbox();
  const module = JSON.stringify(
    fileURLToPath(new URL('../../src/main/stack-process.ts', import.meta.url)),
  );
  const code = `
    const { createStackProcess } = await import(${module});
    const options = ${JSON.stringify({ ...options, environment })};
    const environment = { ...process.env, ...options.environment };
    const one = createStackProcess({ ...options, environment, onProgress: () => undefined });
    await one.start();
    console.log(one.pid);`;
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const args = ['--import', 'tsx', '--input-type=module', '-e', code];
  const parent = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let pid = 0;
  for await (const line of createInterface({ input: parent.stdout })) {
    pid = Number(line);
    break;
  }

  parent.kill('SIGKILL');

  expect(pid).toBeGreaterThan(0);
  await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
});
