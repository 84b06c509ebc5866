import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nanoid } from 'nanoid';
import type { DevConfig } from '../src/main/config.js';
import { createHttpApi, type OperationBody, untilAtRest } from '../src/main/http-api.js';
import { startStack } from '../src/main/stack.js';
import { type Figure, figure, medianFigure } from './figures.js';

export interface UploadBenchOptions {
  /** Rounds in which both are measured once. */
  readonly slices: number;
  /** MiB of each file. */
  readonly count: number;
  readonly onProgress: (line: string) => void;
}

interface Server {
  readonly url: string;
  readonly token: string;
  /** Waits until it has nothing more to do with the upload. */
  readonly settle: (path: string) => Promise<unknown>;
}

type Stop = () => Promise<unknown>;

const partBytes = 8 * 2 ** 20;
const account = 'bench-files';
const endTimeoutMs = 120_000;

/**
 * The same file by the same client through the gateway and through @tus/server alone, each in a
 * process of its own before the same sort of store, in slices that take turns. Measured is from
 * the creation to the answer to the last part; what the worker does then is waited for.
 */
export async function benchUpload(
  config: DevConfig,
  stops: Stop[],
  { slices, count, onProgress }: UploadBenchOptions,
): Promise<Figure[]> {
  const stateDir = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  stops.push(() => rm(stateDir, { recursive: true, force: true }));
  const ours = await gatewayOf(config, stateDir, stops, onProgress);
  const bare = await bareTus(join(stateDir, 'bare'), stops);
  const file = randomBytes(count * 2 ** 20);

  onProgress('Warming up ...');
  await sent(ours, file);
  await sent(bare, file);
  const seen: { readonly ours: number; readonly bare: number }[] = [];
  for (let turn = 0; turn < slices; turn += 1) {
    const first = await sent(turn % 2 === 0 ? ours : bare, file);
    const second = await sent(turn % 2 === 0 ? bare : ours, file);
    const slice = turn % 2 === 0 ? { ours: first, bare: second } : { ours: second, bare: first };
    seen.push(slice);
    const [mine, theirs] = [slice.ours, slice.bare].map((rate) => rate.toFixed(0));
    onProgress(`Slice ${turn + 1} of ${slices}: gateway ${mine} MiB/s, bare ${theirs} MiB/s`);
  }
  const ratios = seen.map((slice) => slice.ours / slice.bare);
  return [
    medianFigure('upload-to-bare-tus', ratios, 'ratio', { atLeast: 0.7 }),
    medianFigure(
      'upload-mib-per-second',
      seen.map((slice) => slice.ours),
      'MiB/s',
    ),
    figure('upload-file-mib', count, 'MiB'),
  ];
}

/** MiB per second. */
async function sent(server: Server, file: Buffer): Promise<number> {
  const from = performance.now();
  const begun = await tus(server, 'POST', '/v1/uploads', {
    'upload-length': `${file.length}`,
    'upload-metadata': `account ${Buffer.from(account).toString('base64')}`,
  });
  const path = begun.get('location') ?? '';
  for (let at = 0; at < file.length; at += partBytes) {
    const headers = { 'upload-offset': `${at}`, 'content-type': 'application/offset+octet-stream' };
    await tus(server, 'PATCH', path, headers, file.subarray(at, at + partBytes));
  }
  const seconds = (performance.now() - from) / 1_000;
  await server.settle(path);
  return file.length / 2 ** 20 / seconds;
}

async function tus(
  { url, token }: Server,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: Buffer,
): Promise<Headers> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { 'tus-resumable': '1.0.0', authorization: `Bearer ${token}`, ...headers },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return response.headers;
}

async function gatewayOf(
  { cacheDir, databaseUrl, temporalCli }: DevConfig,
  stateDir: string,
  stops: Stop[],
  onProgress: (line: string) => void,
): Promise<Server> {
  const stack = await startStack({
    ...{ stateDir, keep: false, ports: 'free', cacheDir, databaseUrl, temporalCli, onProgress },
    environment: { LOG_LEVEL: 'warn' },
  });
  stops.push(stack.stop);
  const url = stack.urls.gateway;
  const token = await stack.token('admin', 'bench', 'bench');
  const api = createHttpApi({ url, token });
  const done = async (path: string, body: object) => {
    const answer = await api.post<OperationBody>(path, body, { key: nanoid(), waitSeconds: 20 });
    if (answer.status >= 300) throw new Error(`${path}: ${JSON.stringify(answer.body)}`);
  };
  await done('/v1/accounts', { id: account, currency: 'BYTE', kind: 'customer' });
  await done(`/v1/accounts/${account}/funding`, { amount: 2 ** 40, currency: 'BYTE' });
  return {
    ...{ url, token },
    settle: async (path) => {
      const opId = path.split('/').at(-1) ?? '';
      const { state } = await untilAtRest(api, opId, endTimeoutMs);
      if (state !== 'COMPLETED') throw new Error(`${opId} is ${state}`);
    },
  };
}

async function bareTus(folder: string, stops: Stop[]): Promise<Server> {
  const file = fileURLToPath(new URL('./bare-tus.ts', import.meta.url));
  const child = fork(file, [folder], { execArgv: ['--import', 'tsx'] });
  stops.push(async () => {
    child.kill();
    await once(child, 'exit');
  });
  const [port] = (await once(child, 'message')) as [number];
  return { url: `http://127.0.0.1:${port}`, token: 'none', settle: async () => undefined };
}
