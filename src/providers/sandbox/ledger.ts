import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Currency } from '../../domain/index.js';

/** A charge as it was decided; when it shows the decision is `pendingUntil`'s business. */
export interface Charge {
  readonly id: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: Currency;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Epoch milliseconds of the sandbox's clock, as every moment here. */
  readonly createdAt: number;
  readonly decided: 'captured' | 'authorized' | 'declined';
  readonly declineCode?: string;
  readonly pendingUntil?: number;
  /** When what is authorised and not captured goes back by itself. */
  readonly expiresAt?: number;
}

/** Something done to a charge. It fails where it has a `declineCode`. */
export interface Move {
  readonly kind: 'capture' | 'void' | 'refund';
  readonly id: string;
  readonly reference: string;
  readonly chargeId: string;
  /** Of a void, what it let go. */
  readonly amount: number;
  readonly currency: Currency;
  readonly createdAt: number;
  /** Of a capture: what is left goes back. */
  readonly final?: true;
  readonly declineCode?: string;
  readonly pendingUntil?: number;
}

/** Money sent out. It fails where it has a `declineCode`. */
export interface Payout {
  readonly id: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: Currency;
  readonly destination: string;
  readonly createdAt: number;
  readonly declineCode?: string;
  readonly pendingUntil?: number;
}

/** One effect of the provider. */
export type Effect =
  | { readonly type: 'charge'; readonly charge: Charge }
  | { readonly type: 'move'; readonly move: Move }
  | { readonly type: 'payout'; readonly payout: Payout };

/** One line of the ledger file. */
export type LedgerEntry =
  | (Effect & {
      /** Absent when the provider forgot it (fault `drop-keys`). */
      readonly key?: string;
      readonly fingerprint: string;
    })
  | { readonly type: 'fence'; readonly reference: string; readonly fencedAt: number }
  | { readonly type: 'clock'; readonly shiftMs: number };

const entryTypes: readonly unknown[] = [
  'charge',
  'move',
  'payout',
  'fence',
  'clock',
] satisfies LedgerEntry['type'][];

export interface LedgerFile {
  /** Resolves once the entry is on the disk. After a failed write every later one fails too. */
  append(entry: LedgerEntry): Promise<void>;
  close(): Promise<void>;
}

/**
 * Every entry of a sandbox's ledger file, in order; a torn last line (it was never acknowledged)
 * is left out, a missing file is empty. Throws for a line that is no entry, naming it.
 */
export async function readSandboxLedger(file: string): Promise<LedgerEntry[]> {
  return (await readWhole(file)).entries;
}

/** Opens the file to append to, cutting a torn last line off, and tells what it held. */
export async function openLedgerFile(
  file: string,
): Promise<{ readonly entries: LedgerEntry[]; readonly ledger: LedgerFile }> {
  await mkdir(dirname(file), { recursive: true });
  const { entries, wholeBytes } = await readWhole(file);
  const handle = await open(file, 'a');
  await handle.truncate(wholeBytes);
  await handle.sync();
  await syncFolder(dirname(file));
  return { entries, ledger: createAppender(handle) };
}

async function readWhole(file: string): Promise<{ entries: LedgerEntry[]; wholeBytes: number }> {
  const bytes = await readFile(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const wholeBytes = bytes.lastIndexOf('\n') + 1;
  const lines = bytes.subarray(0, wholeBytes).toString('utf8').split('\n').slice(0, -1);
  const entries = lines.map((line, index) => {
    const entry = parsed(line);
    if (entry === undefined) throw new Error(`${file}: line ${index + 1} is no ledger entry`);
    return entry;
  });
  return { entries, wholeBytes };
}

function parsed(line: string): LedgerEntry | undefined {
  try {
    const entry = JSON.parse(line) as LedgerEntry | null;
    return entry !== null && entryTypes.includes(entry.type) ? entry : undefined;
  } catch {
    return undefined;
  }
}

// Entries that arrive while the disk is busy share the next write and its sync.
function createAppender(handle: FileHandle): LedgerFile {
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
