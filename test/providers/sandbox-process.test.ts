import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { money } from '../../src/domain/index.js';
import { childEnvironment } from '../../src/main/config.js';
import { createSandboxProvider } from '../../src/providers/sandbox/index.js';
import { aFolder, chargesIn, referenceOne as reference } from './a-sandbox.js';

const amount = money(12_50, 'USD');

test('keeps a charge it has answered when the process is killed at once', async () => {
  const file = join(await aFolder(), 'ledger.jsonl');
  const first = await aProcess(file);
  const charged = await first.provider.perform({ step: 'charge', reference, amount });
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');

  const second = await aProcess(file);

  expect(charged).toMatchObject({ kind: 'ok', value: { kind: 'captured' } });
  expect(await second.provider.find({ step: 'charge', reference, amount })).toEqual(charged);
  expect(await second.provider.perform({ step: 'charge', reference, amount })).toEqual(charged);
  expect(await chargesIn(file)).toHaveLength(1);
}, 30_000);

test('ends with 0 on SIGTERM and says last how many requests it still answered', async () => {
  const { child, lines } = await aProcess(join(await aFolder(), 'ledger.jsonl'));

  child.kill('SIGTERM');
  const [code] = await once(child, 'close');

  expect(code).toBe(0);
  expect(lines.at(-1)).toMatchObject({
    message: 'stopped',
    signal: 'SIGTERM',
    drained: 0,
    interrupted: 0,
  });
}, 30_000);

/** The real process on a port of its own, ready to be asked. */
async function aProcess(file: string) {
  const child: ChildProcess = spawn(process.execPath, ['--import', 'tsx', 'src/main/sandbox.ts'], {
    env: childEnvironment({
      HOST: '127.0.0.1',
      SANDBOX_PSP_PORT: '0',
      SANDBOX_PSP_LEDGER_FILE: file,
      LOG_LEVEL: 'info',
    }),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: Record<string, unknown>[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the sandbox exited with ${code}`)));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (text) => {
      const line = JSON.parse(text) as Record<string, unknown>;
      lines.push(line);
      if (line.message === 'listening') resolve(String(line.url));
    });
  });
  return {
    child,
    lines,
    provider: createSandboxProvider({ baseUrl: url, requestTimeoutMs: 10_000 }),
  };
}
