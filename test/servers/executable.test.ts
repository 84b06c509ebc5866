import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findTemporal } from '../../src/servers/temporal-binary.js';
import { findTestServer } from '../../src/servers/test-server.js';

const onProgress = (): void => undefined;
const downloadUrl = 'http://127.0.0.1:1'; // Nothing listens there.
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-executable-'));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

test('without Go one sentence says what to install for Temporal', async () => {
  vi.stubEnv('PATH', folder);

  await expect(findTemporal({ cacheDir: folder, onProgress, downloadUrl })).rejects.toThrow(
    /^No Temporal server can be had: install the Temporal CLI \(or Go [^\n]*$/,
  );
  expect(await readdir(folder)).toEqual([]);
});

test('without Java one sentence says what to install for skipped time', async () => {
  vi.stubEnv('PATH', folder);

  await expect(findTestServer({ cacheDir: folder, onProgress, downloadUrl })).rejects.toThrow(
    /^No time-skipping test server can be had: install Java 11 or newer and Maven[^\n]*$/,
  );
  expect(await readdir(folder)).toEqual([]);
});

test('a named executable that is none is told by the name of its variable', async () => {
  const executable = join(folder, 'nothing');

  await expect(findTemporal({ executable, cacheDir: folder, onProgress })).rejects.toThrow(
    `TEMPORAL_CLI names ${executable}`,
  );
});

test('an executable is downloaded once and then taken from the cache', async () => {
  await writeFile(join(folder, 'server'), '#!/bin/sh\necho up\n');
  execFileSync('tar', ['-czf', 'server.tar.gz', 'server'], { cwd: folder });
  const archive = await readFile(join(folder, 'server.tar.gz'));
  const asked: string[] = [];
  const service = createServer((request, response) => {
    const { port } = service.address() as AddressInfo;
    asked.push(new URL(`http://x${request.url}`).pathname);
    if (request.url === '/archive') return response.end(archive);
    const archiveUrl = `http://127.0.0.1:${port}/archive`;
    return response.end(JSON.stringify({ archiveUrl, fileToExtract: 'server' }));
  }).listen(0, '127.0.0.1');
  await once(service, 'listening');
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const cacheDir = join(folder, 'cache');

  const paths = [
    await findTestServer({ cacheDir, onProgress, downloadUrl: url }),
    await findTestServer({ cacheDir, onProgress, downloadUrl: url }),
  ];

  service.close();
  expect(paths[1]).toBe(paths[0]);
  expect(execFileSync(`${paths[0]}`, { encoding: 'utf8' })).toBe('up\n');
  expect(asked).toEqual(['/temporal-test-server/v1.38.0', '/archive']);
  expect(await readdir(cacheDir)).toHaveLength(1);
});
