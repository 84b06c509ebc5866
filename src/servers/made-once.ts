import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Told what is happening, one line at a time. */
export type OnProgress = (line: string) => void;

const STALE_AFTER_MS = 30 * 60_000;

/** Where built and downloaded servers are kept, outside every checkout. */
export function defaultCacheDir(home: string, xdgCacheHome?: string): string {
  return join(xdgCacheHome || join(home, '.cache'), 'holdfast');
}

/**
 * The path, after `make` has put a file or folder there unless it was there before. What is at the
 * path is always whole: it is made beside it and renamed. Of several processes one makes it and the
 * others wait; the lock only saves work, a second maker would do no harm.
 */
export async function madeOnce(
  path: string,
  make: (temporary: string) => Promise<void>,
  onProgress: OnProgress,
): Promise<string> {
  const lock = `${path}.lock`;
  await mkdir(dirname(path), { recursive: true });
  let told = false;
  while (!(await exists(path))) {
    if (await take(lock)) {
      try {
        await makeBeside(path, make);
      } finally {
        await rm(lock, { force: true });
      }
    } else {
      if (!told) onProgress(`Waiting for another process that is making ${path}.`);
      told = true;
      await delay(250);
    }
  }
  return path;
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function makeBeside(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
  if (await exists(path)) return;
  const temporary = `${path}.${process.pid}.new`;
  await rm(temporary, { recursive: true, force: true });
  try {
    await make(temporary);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function take(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, `${process.pid}`, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (await isStale(lock)) await rm(lock, { force: true });
  return false;
}

async function isStale(lock: string): Promise<boolean> {
  try {
    const ageMs = Date.now() - (await stat(lock)).mtimeMs;
    const owner = Number(await readFile(lock, 'utf8'));
    // An empty lock is one whose owner is about to write its number, or died before it could.
    if (owner === 0) return ageMs > 5_000;
    return ageMs > STALE_AFTER_MS || !isRunning(owner);
  } catch {
    return false; // It was given back while we looked.
  }
}

/** Whether a process with this number exists, whoever owns it. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
