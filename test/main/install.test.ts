import { execFile } from 'node:child_process';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

const INSTALL = fileURLToPath(new URL('../../src/main/install.mjs', import.meta.url));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-install-'));
  await mkdir(join(folder, 'left'));
  const manifest = { name: 'project', version: '1.0.0', dependencies: { left: 'file:left' } };
  await write('left/package.json', { name: 'left', version: '1.0.0' });
  await write('package.json', manifest);
  await write('package-lock.json', {
    ...{ name: 'project', version: '1.0.0', lockfileVersion: 3, requires: true },
    packages: {
      '': manifest,
      left: { version: '1.0.0' },
      'node_modules/left': { resolved: 'left', link: true },
      'node_modules/other-machine': { version: '1.0.0', optional: true, os: ['aix'] },
    },
  });
});

afterEach(() => rm(folder, { recursive: true }));

test('packages are installed once, also by two commands at once', async () => {
  const runs = await Promise.all([install(), install()]);

  await access(join(folder, 'node_modules', 'left', 'package.json'));
  const words = runs.map((run) => run.stderr).join('');
  expect(words.match(/Installing packages \(once\)/g)).toHaveLength(1);
  expect(runs.map((run) => run.stdout)).toEqual(['', '']);
  expect(await install()).toEqual({ stdout: '', stderr: '' });
});

test('a lockfile that npm refuses ends the command with one clear sentence', async () => {
  await write('package.json', {
    name: 'project',
    version: '1.0.0',
    dependencies: { gone: 'file:gone' },
  });

  await expect(install()).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/\nThe packages could not be installed: [^\n]*\n$/),
  });
  await expect(access(join(folder, '.holdfast', 'install.lock'))).rejects.toThrow('ENOENT');
});

function install(): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(process.execPath, [INSTALL, folder]);
}

async function write(name: string, content: unknown): Promise<void> {
  await writeFile(join(folder, name), JSON.stringify(content));
}
