import { execFile } from 'node:child_process';
import { createCipheriv, createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { untilAtRest } from '../../src/main/http-api.js';
import { uploadFile } from '../../src/main/upload-file.js';
import { openObjectStore } from '../../src/objects/index.js';
import { booksOf } from '../support/books-of.js';
import { eventually } from '../support/eventually.js';
import { drawOf, judged, planOf, seed, slowSweepTimeoutMs } from '../support/rounds.js';
import { aStack, type TestStack } from '../support/stack.js';

const fault = 'upload-kills';
const partBytes = 5 * 2 ** 20;
const blockBytes = 2 ** 20;
const killEveryMs = 5_000;
const rssGrowthMbMax = 64;
const account = 'files';
let running: TestStack;

beforeAll(async () => {
  running = await aStack();
  const { api } = running.world;
  const done = async (path: string, body: object) => {
    const answer = await api.post(path, body, { key: nanoid(), waitSeconds: 20 });
    expect(answer.status, JSON.stringify(answer.body)).toBeLessThan(300);
  };
  await done('/v1/accounts', { id: account, currency: 'BYTE', kind: 'customer' });
  await done(`/v1/accounts/${account}/funding`, { amount: 2 ** 40, currency: 'BYTE' });
}, 180_000);
afterAll(() => running.stop(), 60_000);

test(
  'upload-kills: a file is whole and counted once, whatever dies while it is sent',
  async ({ task }) => {
    const { stack, stateDir, world } = running;
    const { rounds } = planOf(fault);
    const token = await stack.token('admin', 'demo', world.tenant);
    const to = { url: stack.urls.gateway, token, account, stateDir: join(stateDir, 'uploads') };
    const warm = await aFile(join(stateDir, 'warm.bin'), partBytes);
    await untilAtRest(world.api, (await uploadFile(warm.path, to)).opId, 60_000);

    const file = await aFile(join(stateDir, 'file.bin'), rounds * partBytes - 1_234);
    const memory = watchMemory(() => stack.gateway.pid);
    const kills = killing(running);
    const failures = failing();
    const sent = await uploadFile(file.path, {
      ...{ ...to, fetch: failures.fetch },
      onProgress: (received, size) => kills.at(received / size),
    });
    await kills.stop();
    const ended = await untilAtRest(world.api, sent.opId, slowSweepTimeoutMs);

    const objects = await openObjectStore({
      kind: 'file',
      folder: join(stateDir, '.holdfast/objects'),
    });
    const growthMb = await memory.stop();
    const told = `${kills.count()} kills, ${failures.count()} of ${rounds} parts failed`;
    const note = `${told}, gateway +${growthMb.toFixed(0)} MiB at most`;
    expect(ended).toMatchObject({
      ...{ state: 'COMPLETED', upload: { stage: 'COMMITTED', sha256: file.sha256 } },
    });
    const { objects: files } = await objects.list(`files/${sent.opId}/`);
    expect(files.map(({ size }) => size)).toEqual([file.size]);
    expect(await sha256Of((await objects.read(files[0]?.key ?? '')) ?? [])).toBe(file.sha256);
    await eventually(
      async () => {
        for (const prefix of ['parts/', 'quarantine/']) {
          expect((await objects.list(prefix)).objects).toEqual([]);
        }
      },
      { timeoutMs: 60_000 },
    );
    expect(kills.count()).toBeGreaterThanOrEqual(2);
    expect(growthMb).toBeLessThan(rssGrowthMbMax);
    const swept = { ...(await judged(fault, rounds, booksOf(running))), note };
    task.meta.swept = swept;
    expect(swept.violations).toEqual([]);
  },
  slowSweepTimeoutMs,
);

/** A file of noise, the same for the same seed, which is never whole in memory. */
async function aFile(path: string, size: number) {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  const hash = createHash('sha256');
  async function* noise() {
    for (let at = 0; at < size; at += blockBytes) {
      const bytes = cipher.update(Buffer.alloc(Math.min(blockBytes, size - at)));
      hash.update(bytes);
      yield bytes;
    }
  }
  await pipeline(noise, createWriteStream(path));
  return { path, size, sha256: hash.digest('hex') };
}

async function sha256Of(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) hash.update(chunk);
  return hash.digest('hex');
}

/** One part in ten is damaged on its way, or cut off in the middle of it. */
function failing() {
  const draw = drawOf(`${seed}:${fault}`);
  let count = 0;
  const failingFetch: typeof fetch = (input, init = {}) => {
    const { body } = init;
    if (init.method !== 'PATCH' || !(body instanceof Uint8Array) || draw.whole(1, 10) > 1) {
      return fetch(input, init);
    }
    count += 1;
    if (draw.whole(0, 1) === 0) return fetch(input, { ...init, signal: AbortSignal.timeout(10) });
    const damaged = Uint8Array.from(body);
    damaged[damaged.length >> 1] = (damaged[damaged.length >> 1] ?? 0) ^ 1;
    return fetch(input, { ...init, body: damaged });
  };
  return { fetch: failingFetch, count: () => count };
}

/** Kills the gateway and the worker: each once on the way, and both when they were up for 5 s. */
function killing({ stack }: TestStack) {
  const { gateway, worker } = stack;
  const over = new AbortController();
  const marks = [
    { share: 1 / 3, victim: gateway },
    { share: 2 / 3, victim: worker },
  ];
  let [count, last] = [0, Promise.resolve()];
  const kill = (...victims: readonly (typeof gateway)[]) => {
    last = last.then(async () => {
      count += victims.length;
      await Promise.all(victims.map((victim) => victim.kill()));
      await Promise.all(victims.map((victim) => victim.start()));
    });
    return last;
  };
  const killingBoth = (async () => {
    for (;;) {
      await pause(killEveryMs, undefined, { signal: over.signal }).catch(() => undefined);
      if (over.signal.aborted) return;
      await kill(gateway, worker);
    }
  })();
  return {
    at: (share: number) => {
      const next = marks[0];
      if (next === undefined || share < next.share) return;
      marks.shift();
      void kill(next.victim);
    },
    count: () => count,
    stop: async () => {
      over.abort();
      await killingBoth;
      await last;
    },
  };
}

/** How much more memory a process took than it did first, over all its lives, in MiB. */
function watchMemory(pid: () => number | undefined) {
  const seen: number[] = [];
  let isOver = false;
  const look = async () => {
    // While it is dead nobody has that number.
    const found = promisify(execFile)('ps', ['-o', 'rss=', '-p', `${pid() ?? 0}`]);
    const { stdout } = await found.catch(() => ({ stdout: '' }));
    if (stdout.trim() !== '') seen.push(Number(stdout) / 1_024);
  };
  const watching = (async () => {
    for (; !isOver; await pause(100)) await look();
  })();
  return {
    stop: async () => {
      isOver = true;
      await watching;
      return Math.max(...seen) - (seen[0] ?? Number.NaN);
    },
  };
}
