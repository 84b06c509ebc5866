import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** A file of lines of JSON, each of which is on the disk before anybody hears of it. */
export interface AppendOnlyFile<Entry> {
  /** Resolves once the entry is on the disk. After a failed write every later one fails too. */
  append(entry: Entry): Promise<void>;
  close(): Promise<void>;
}

type IsEntry<Entry> = (given: unknown) => given is Entry;

/**
 * Every entry of the file, in order; a torn last line (it was never acknowledged) is left out, a
 * missing file is empty. Throws for a line that is no entry, naming it.
 */
export async function readAppendOnly<Entry>(
  file: string,
  isEntry: IsEntry<Entry>,
): Promise<Entry[]> {
  return (await readWhole(file, isEntry)).entries;
}

/** Opens the file to append to, cutting a torn last line off, and tells what it held. */
export async function openAppendOnly<Entry>(
  file: string,
  isEntry: IsEntry<Entry>,
): Promise<{ readonly entries: Entry[]; readonly ledger: AppendOnlyFile<Entry> }> {
  await mkdir(dirname(file), { recursive: true });
  const { entries, wholeBytes } = await readWhole(file, isEntry);
  const handle = await open(file, 'a');
  await handle.truncate(wholeBytes);
  await handle.sync();
  await syncFolder(dirname(file));
  return { entries, ledger: createAppender(handle) };
}

async function readWhole<Entry>(
  file: string,
  isEntry: IsEntry<Entry>,
): Promise<{ entries: Entry[]; wholeBytes: number }> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const wholeBytes = bytes.lastIndexOf('\n') + 1;
  const lines = bytes.subarray(0, wholeBytes).toString('utf8').split('\n').slice(0, -1);
  const entries = lines.map((line, index) => {
    const entry = parsed(line);
    if (!isEntry(entry)) throw new Error(`${file}: line ${index + 1} is no ledger entry`);
    return entry;
  });
  return { entries, wholeBytes };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

// Entries that arrive while the disk is busy share the next write and its sync.
function createAppender<Entry>(handle: FileHandle): AppendOnlyFile<Entry> {
  let waiting: string[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<void> = Promise.resolve();

  async function writeWaiting(after: Promise<void>): Promise<void> {
    await after;
    const lines = waiting.join('');
    waiting = [];
    next = undefined;
    await handle.appendFile(lines);
    await handle.datasync();
  }

  return {
    append(entry) {
      waiting.push(`${JSON.stringify(entry)}\n`);
      if (next === undefined) {
        next = writeWaiting(last);
        last = next;
      }
      return next;
    },
    async close() {
      await last.catch(() => undefined);
      await handle.close();
    },
  };
}

// A new file is only there after a power cut when its folder was synced too.
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync();
  await handle.close();
}
