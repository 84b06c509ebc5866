import { createCipheriv, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { nanoid } from 'nanoid';
import { minus } from '../domain/index.js';
import { balanceOf, check, endedAs } from './demo-scenes.js';
import { accepted, type DemoWorld, type SceneReport } from './demo-world.js';
import type { BalanceBody, OperationBody } from './http-api.js';
import { uploadFile } from './upload-file.js';
import { createRate, progressLine, quotaLines } from './upload-lines.js';

const account = 'files';
const currency = 'BYTE';
const mebibyte = 2 ** 20;
const [quotaBytes, fileBytes] = [128 * mebibyte, 64 * mebibyte];

/** The worker is killed at a third of the way, and the gateway at two thirds. */
export async function uploadKilled(
  world: DemoWorld,
  onProgress: (line: string) => void,
): Promise<SceneReport> {
  const { stack, tenant } = world;
  await openQuota(world);
  const before = await balanceOf(world, account);
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-demo-file-'));
  try {
    const path = join(folder, 'film.bin');
    await pipeline(noise, createWriteStream(path));
    const rate = createRate();
    const killed: string[] = [];
    const victims = [stack.worker, stack.gateway];
    let restarted: Promise<unknown> = Promise.resolve();
    let held = before;
    const sent = await uploadFile(path, {
      ...{ url: stack.urls.gateway, token: await stack.token('admin', 'demo', tenant) },
      ...{ account, stateDir: folder, onWait: (why) => onProgress(`waiting: ${why}`) },
      onBegin: async () => {
        held = await balanceOf(world, account);
      },
      onProgress: (received, size) => {
        onProgress(progressLine(received, size, rate(received)));
        const victim = received * 3 > size * (killed.length + 1) ? victims.shift() : undefined;
        if (victim === undefined) return;
        killed.push(`${victim.name} ${victim.pid}`);
        restarted = restarted.then(() => victim.kill()).then(() => victim.start());
      },
    });
    await restarted;
    const operation = await world.atRest(sent.opId);
    const after = await balanceOf(world, account);
    const { sha256 } = operation.upload ?? {};
    return {
      title: `A file of ${fileBytes / mebibyte} MiB, while the worker and the gateway are killed`,
      operations: [operation],
      notes: [
        `${killed.join(' and ')} killed (SIGKILL) on the way; sha-256 ${sent.sha256}`,
        ...quotaLines({ before, held, after }).split('\n'),
      ],
      checks: [
        endedAs('it is published', [operation], 'COMPLETED'),
        check('both were killed on the way', killed.length === 2, killed),
        check('it is the file that was sent', sha256 === sent.sha256, sha256),
        ...quotaChecks({ before, held, after }),
      ],
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function quotaChecks({ before, held, after }: Record<'before' | 'held' | 'after', BalanceBody>) {
  const saw = `${before.available}, ${held.available}, ${after.available}`;
  const [isHeld, isSettled] = [
    held.held === fileBytes && held.posted === before.posted,
    after.held === 0 && minus(before.posted, after.posted) === fileBytes,
  ];
  return [check('its bytes were held, and are settled once', isHeld && isSettled, saw)];
}

async function openQuota({ api, atRest }: DemoWorld): Promise<void> {
  const asked = { id: account, currency, kind: 'customer' };
  const { body } = await api.post<OperationBody>('/v1/accounts', asked);
  if ('opId' in body) await atRest(body.opId);
  const funded = await api.post<OperationBody>(
    `/v1/accounts/${account}/funding`,
    { amount: quotaBytes, currency },
    { key: nanoid(), waitSeconds: 20 },
  );
  await atRest(accepted(funded).opId);
}

/** What no machine makes smaller on its way. */
async function* noise() {
  const cipher = createCipheriv('aes-128-ctr', randomBytes(16), Buffer.alloc(16));
  for (let at = 0; at < fileBytes; at += mebibyte) yield cipher.update(Buffer.alloc(mebibyte));
}
