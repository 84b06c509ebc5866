import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testConfig } from '../../../src/main/config.js';
import { startChild } from '../../../src/servers/child.js';
import { freePort } from '../../../src/servers/index.js';
import { madeOnce } from '../../../src/servers/made-once.js';
import { runTool } from '../../../src/servers/tool.js';
import type { S3Server } from '../s3-server.js';

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
const onProgress = (line: string) => void process.stderr.write(`${line}\n`);

/** A simulation of S3 by other people than the server's, pinned by the requirements beside this. */
export async function startMoto(): Promise<S3Server> {
  const packages = await installed();
  const port = await freePort();
  const child = await startChild({
    command: 'env',
    args: [
      ...[`PYTHONPATH=${packages}`, 'PYTHONDONTWRITEBYTECODE=1'],
      ...['python3', '-m', 'moto.server', '-H', '127.0.0.1', '-p', `${port}`],
    ],
    stopSignal: 'SIGINT',
  });
  if (!(await child.says('Running on'))) throw new Error(`moto did not start:\n${child.tail()}`);
  const endpoint = `http://127.0.0.1:${port}`;
  await fetch(`${endpoint}/files`, { method: 'PUT' });
  return { endpoint, bucket: 'files', stop: () => child.stop() };
}

/** A folder of Python packages outside the checkout, made once for these requirements. */
async function installed(): Promise<string> {
  const version = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex');
  const path = join(testConfig().cacheDir, `moto-${version.slice(0, 12)}`);
  const install = async (temporary: string) => {
    await runTool({
      command: 'python3',
      args: ['-m', 'pip', 'install', '--no-deps', '--target', temporary, '-r', requirements],
      ifMissing: 'moto cannot be installed: install Python 3.10 or newer with pip.',
      doing: 'Installing moto (once, half a minute)',
      onProgress,
    });
  };
  return madeOnce(path, install, onProgress);
}
