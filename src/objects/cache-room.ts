import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { unlessMissing } from './unless-missing.js';

// `HASH-SIZE.whole`, `HASH-SIZE.UUID.coming`, `HASH-SIZE.gone`: names say how much they take.
const named = /^[\da-f]{64}-(\d+)(?:\.[\da-f-]{36})?\.(whole|coming|gone)$/;
/** Looking for room reads all of their names. */
const filesMax = 10_000;
const hourMs = 3_600_000;
/** What nobody wrote to for so long has died with its process; nothing is coming for longer. */
const oldMs: Readonly<Record<string, number>> = { coming: hourMs, gone: 24 * hourMs };

interface CacheFile {
  readonly path: string;
  readonly size: number;
  readonly kind: string;
}

/**
 * Whether all that is here and all that is coming takes no more than that, after what was used
 * least lately has gone. Where that would not be enough, nothing goes.
 */
export async function makeRoom(folder: string, bytesMax: number, now: number): Promise<boolean> {
  const fits = (some: readonly CacheFile[]) => sumOf(some) <= bytesMax && some.length <= filesMax;
  let files = await filesIn(folder);
  if (fits(files)) return true;
  files = await withoutOld(files, now);
  if (!fits(files.filter(({ kind }) => kind !== 'whole'))) return false;
  for (const { path } of await byUse(files)) {
    if (fits(files)) break;
    await rm(path, { force: true });
    files = files.filter((file) => file.path !== path);
  }
  return true;
}

async function filesIn(folder: string): Promise<readonly CacheFile[]> {
  return (await readdir(folder)).flatMap((name) => {
    const [, digits, kind] = named.exec(name) ?? [];
    if (kind === undefined) return [];
    return [{ path: join(folder, name), size: kind === 'gone' ? 0 : Number(digits), kind }];
  });
}

async function withoutOld(files: readonly CacheFile[], now: number): Promise<readonly CacheFile[]> {
  const kept: CacheFile[] = [];
  for (const file of files) {
    const oldAfterMs = oldMs[file.kind];
    const found = oldAfterMs === undefined ? undefined : await unlessMissing(stat(file.path));
    const isOld = found && oldAfterMs !== undefined && now - found.mtimeMs > oldAfterMs;
    if (isOld) await rm(file.path, { force: true });
    else kept.push(file);
  }
  return kept;
}

/** Whole copies, the one that was used least lately first. */
async function byUse(files: readonly CacheFile[]): Promise<readonly CacheFile[]> {
  const used: { readonly file: CacheFile; readonly atMs: number }[] = [];
  for (const file of files.filter(({ kind }) => kind === 'whole')) {
    used.push({ file, atMs: (await unlessMissing(stat(file.path)))?.atimeMs ?? 0 });
  }
  return used.toSorted((one, other) => one.atMs - other.atMs).map(({ file }) => file);
}

function sumOf(files: readonly CacheFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
