import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A file system of its own that the tables of the ledger are on, and that can be full. */
export interface SmallDisk {
  fill(): Promise<void>;
  empty(): Promise<void>;
  /** Once PostgreSQL is gone. */
  remove(): Promise<void>;
}

const run = promisify(execFile);
const blockBytes = 4_096;

/**
 * Moves the ledger to a disk of 2 GB that takes no room itself. The log stays where it is: without
 * room for that PostgreSQL ends, which is another fault. Undefined where only root could make it.
 */
export async function aSmallDisk(
  owner: (statement: string) => Promise<readonly object[]>,
): Promise<SmallDisk | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const home = await mkdtemp(join(tmpdir(), 'holdfast-disk-'));
  const [image, mount] = [join(home, 'image'), join(home, 'disk')];
  const [space, ballast] = [join(mount, 'space'), join(mount, 'ballast')];
  await chmod(home, 0o755);
  await mkdir(mount);
  try {
    await run('truncate', ['-s', '2G', image]);
    await run('mkfs.ext4', ['-q', '-m', '0', image]);
    await run('mount', ['-o', 'loop', image, mount]);
  } catch {
    await rm(home, { recursive: true, force: true });
    return undefined;
  }
  const [{ data = '' } = {}] = (await owner(
    `select setting as data from pg_settings where name = 'data_directory'`,
  )) as { data?: string }[];
  const { uid, gid } = await stat(data);
  await mkdir(space, { mode: 0o700 });
  await chown(space, uid, gid);
  await owner(`create tablespace small location '${space}'`);
  await owner('alter table all in tablespace pg_default set tablespace small');
  await owner('alter index all in tablespace pg_default set tablespace small');
  return {
    async fill() {
      const { bavail, bsize } = await statfs(mount);
      await run('fallocate', ['-l', `${Math.max(0, bavail * bsize - 2 ** 20)}`, ballast]);
      // What is left, up to the last block; that it fails is the aim.
      await run('dd', ['if=/dev/zero', `of=${ballast}.end`, `bs=${blockBytes}`]).catch(
        () => undefined,
      );
    },
    async empty() {
      await rm(ballast, { force: true });
      await rm(`${ballast}.end`, { force: true });
    },
    async remove() {
      await run('umount', [mount]);
      await rm(home, { recursive: true, force: true });
    },
  };
}
