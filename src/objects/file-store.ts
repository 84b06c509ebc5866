import { randomUUID } from 'node:crypto';
import {
  type FileHandle,
  link,
  mkdir,
  open,
  rename,
  rm,
  rmdir,
  stat,
  utimes,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { filesUnder } from './files-under.js';
import { checkedKey, checkedPrefix } from './keys.js';
import { measured } from './measured.js';
import { checkedRange } from './range.js';
import { type ListedObject, ObjectMissing, type ObjectStore, pageMax } from './store.js';
import { isMissing, unlessMissing } from './unless-missing.js';

// No key has a dot: so one key can be the beginning of another, and what is begun is no object.
const whole = '.object';
const begun = '.begun';
/** Each try loses to somebody who takes the empty folder away at that moment. */
const folderTriesMax = 100;

/** Keeps each object in a file of its own under one folder, which any number of processes share. */
export function createFileStore(folder: string): ObjectStore {
  const root = resolve(folder);
  const pathOf = (key: string) => join(root, `${checkedKey(key)}${whole}`);

  /** Makes a file out of one that `make` begins; nothing of that one stays. */
  async function stand(path: string, make: (temporary: string) => Promise<void>): Promise<void> {
    const temporary = join(dirname(path), `${randomUUID()}${begun}`);
    try {
      await make(temporary);
      await rename(temporary, path);
    } finally {
      // Of two names of one file, as a copy may be, a rename takes neither away.
      await rm(temporary, { force: true });
    }
    await flushFolders(dirname(path), root);
  }

  return {
    async put(key, bytes, maxBytes, signal) {
      const source = measured(bytes, maxBytes, signal);
      await stand(pathOf(key), async (temporary) => {
        const file = await inFolder(dirname(temporary), () => open(temporary, 'wx'));
        await writeFlushed(file, source.bytes);
      });
      return { key, ...source.taken() };
    },
    async read(key, range = { from: 0 }) {
      const { from, to } = checkedRange(range);
      const file = await unlessMissing(open(pathOf(key)));
      return file?.createReadStream({ start: from, ...(to !== undefined && { end: to }) });
    },
    size: async (key) => (await unlessMissing(stat(pathOf(key))))?.size,
    async copy(from, to) {
      const [source, path] = [pathOf(from), pathOf(to)];
      if ((await unlessMissing(stat(source))) === undefined) throw new ObjectMissing(from);
      await stand(path, async (temporary) => {
        // Files are replaced and never changed, so that two keys can be names of one.
        await inFolder(dirname(temporary), () => link(source, temporary));
        const now = new Date();
        await utimes(temporary, now, now);
      });
    },
    async remove(keys) {
      for (const path of keys.map(pathOf)) {
        await rm(path, { force: true });
        await removeEmptyFolders(dirname(path), root);
      }
    },
    async list(prefix, after = '') {
      const objects: ListedObject[] = [];
      const wanted = { prefix: checkedPrefix(prefix), after, suffix: whole };
      for await (const key of filesUnder(root, wanted)) {
        const found = await unlessMissing(stat(pathOf(key)));
        if (found === undefined) continue;
        objects.push({ key, size: found.size, modifiedAt: Math.floor(found.mtimeMs) });
        if (objects.length === pageMax) return { objects, next: key };
      }
      return { objects };
    },
    abandon: (before) => abandonBegun(root, before),
  };
}

async function abandonBegun(root: string, before: number): Promise<number> {
  let ended = 0;
  for await (const name of filesUnder(root, { prefix: '', after: '', suffix: begun })) {
    const path = join(root, `${name}${begun}`);
    const found = await unlessMissing(stat(path));
    if (found === undefined || found.mtimeMs >= before) continue;
    await rm(path, { force: true });
    await removeEmptyFolders(dirname(path), root);
    ended += 1;
  }
  return ended;
}

async function inFolder<Value>(folder: string, act: () => Promise<Value>): Promise<Value> {
  for (let tries = 1; ; tries += 1) {
    await mkdir(folder, { recursive: true });
    try {
      return await act();
    } catch (error) {
      if (!isMissing(error) || tries === folderTriesMax) throw error;
    }
  }
}

async function writeFlushed(file: FileHandle, bytes: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    // From where the last one ended.
    for await (const chunk of bytes) await file.writeFile(chunk);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** After it, the names in this folder and in those above survive a power cut. */
async function flushFolders(folder: string, root: string): Promise<void> {
  // Taken away already, with what stood in it: then there is nothing to keep.
  const handle = await unlessMissing(open(folder));
  try {
    await handle?.sync();
  } finally {
    await handle?.close();
  }
  if (folder !== root) await flushFolders(dirname(folder), root);
}

async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  if (folder === root) return;
  try {
    await rmdir(folder);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (['ENOTEMPTY', 'EEXIST'].includes(code)) return;
    if (!isMissing(error)) throw error;
  }
  await removeEmptyFolders(dirname(folder), root);
}
