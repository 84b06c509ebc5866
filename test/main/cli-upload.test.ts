import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OperationBody } from '../../src/main/http-api.js';
import { createRate, progressLine } from '../../src/main/upload-lines.js';
import { commandLine } from '../support/command-line.js';
import { aStack, type TestStack } from '../support/stack.js';

let running: TestStack;
let token: string;
const mebibyte = 2 ** 20;

beforeAll(async () => {
  running = await aStack();
  const { api, tenant } = running.world;
  // The only account in BYTE of who has the token.
  const mine = { id: 'files', currency: 'BYTE', kind: 'customer', owner: 'demo' };
  await api.post('/v1/accounts', mine, { key: nanoid(), waitSeconds: 20 });
  const room = { amount: 200 * mebibyte, currency: 'BYTE' };
  await api.post('/v1/accounts/files/funding', room, { key: nanoid(), waitSeconds: 20 });
  token = await running.stack.token('admin', 'demo', tenant);
}, 180_000);
afterAll(() => running.stop(), 60_000);

const holdfast = (args: readonly string[], interruptAt?: string) =>
  commandLine(args, {
    ...{ url: running.stack.urls.gateway, token, cwd: running.stateDir },
    ...(interruptAt !== undefined && { interruptAt }),
  });

async function aFile(size: number) {
  const bytes = randomBytes(size);
  const path = join(running.stateDir, `${nanoid()}.bin`);
  await writeFile(path, bytes);
  return { path, sha256: createHash('sha256').update(bytes).digest('hex') };
}

test('sends a file, and shows its checksum, how far it is, and the quota', async () => {
  const { path, sha256 } = await aFile(12 * mebibyte);

  const { code, out, err } = await holdfast(['upload', path]);

  expect(code, err).toBe(0);
  expect(err).toContain(`sha-256 ${sha256}`);
  expect(err).toMatch(/\[#{28}\] 100 % {2}12\.0 MiB of 12\.0 MiB, \d+\.\d MiB\/s/);
  expect(out).toMatch(/before +209715200 +0 +209715200\n/);
  expect(out).toMatch(/held +209715200 +12582912 +197132288\n/);
  expect(out).toMatch(/now +197132288 +0 +197132288\n/);
  expect(out).toMatch(/stands +settled \(COMPLETED\)/);
});

test('goes on where it was interrupted, as the same upload', async () => {
  const { path, sha256 } = await aFile(48 * mebibyte);

  const first = await holdfast(['upload', path, '--account', 'files'], '%');
  const second = await holdfast(['upload', path, '--account', 'files']);

  const opIdIn = (text: string) => /op_[a-z2-7]+/.exec(text)?.[0];
  expect(first.code).toBe(130);
  expect(second.code, second.err).toBe(0);
  expect(second.err).toMatch(/goes on at \d+ %/);
  expect(opIdIn(second.err)).toBe(opIdIn(first.err));
  expect(second.err).toContain(sha256);
});

test('speaks JSON, and sends the same file again as another upload', async () => {
  const { path, sha256 } = await aFile(1_000);

  const [first, again] = [
    await holdfast(['upload', path, '--json']),
    await holdfast(['upload', path, '--json']),
  ];

  const [one, other] = [first, again].map(({ out }) => JSON.parse(out) as OperationBody);
  expect(one).toMatchObject({ state: 'COMPLETED', sha256, upload: { sha256 } });
  expect([first.err, again.code]).toEqual(['', 0]);
  expect(other?.opId).not.toBe(one?.opId);
});

test('says why a file is refused', async () => {
  const { path } = await aFile(10);

  const { code, err } = await holdfast(['upload', path, '--account', 'nobody']);

  expect(code).toBe(1);
  expect(err).toContain('There is no such account (account-unknown)');
});

test.each([
  {
    received: 0,
    of: 10,
    perSecond: 0,
    is: '[............................]   0 %  0.0 MiB of 10.0 MiB, 0.0 MiB/s',
  },
  {
    received: 5,
    of: 10,
    perSecond: 2,
    is: '[##############..............]  50 %  5.0 MiB of 10.0 MiB, 2.0 MiB/s, 3 s left',
  },
  {
    received: 10,
    of: 10,
    perSecond: 2,
    is: '[############################] 100 %  10.0 MiB of 10.0 MiB, 2.0 MiB/s, 0 s left',
  },
])('draws how far it is: $received of $of', ({ received, of, perSecond, is }) => {
  expect(progressLine(received * mebibyte, of * mebibyte, perSecond * mebibyte)).toBe(is);
});

test('counts the bytes of the last seconds, not those before a pause', () => {
  let now = 0;
  const rate = createRate(() => now);
  rate(0);
  now = 1_000;
  const fast = rate(1_000);
  now = 61_000;
  const slow = rate(1_100);

  expect([fast, Math.round(slow)]).toEqual([1_000, 2]);
});
