import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { nanoid } from 'nanoid';
import { createTusClient, type TusClient, type TusOptions, UploadRefused } from './tus-client.js';

export interface UploadFileOptions extends TusOptions {
  /** Whose quota it is; the only one of the caller when left out. */
  readonly account?: string | undefined;
  /** What it is said to be. */
  readonly mediaType?: string | undefined;
  /** Keeps what is under way, so that the same file goes on where it was interrupted. */
  readonly stateDir: string;
  /** Told once the gateway has taken it on. */
  readonly onBegin?: (upload: SentFile) => unknown;
  /** Told what the gateway has. */
  readonly onProgress?: (received: number, size: number) => void;
}

export interface SentFile {
  readonly opId: string;
  readonly size: number;
  /** Hex, of the whole file. */
  readonly sha256: string;
  /** How much of it the gateway had already. */
  readonly received: number;
}

const partBytes = 5 * 1_024 * 1_024;

/**
 * Sends a file in parts with a checksum each, and goes on where it was interrupted. When it
 * returns, the gateway has all of it; what becomes of it is for the operation to say. A file that
 * changes meanwhile is refused by its own checksum.
 */
export async function uploadFile(path: string, options: UploadFileOptions): Promise<SentFile> {
  const file = resolve(path);
  const { size } = await stat(file);
  const note = await noteOf(file, options);
  try {
    const sha256 = await sha256Of(file);
    const tus = createTusClient(options);
    const url = await tus.create(note.key, size, {
      ...{ filename: basename(file), sha256 },
      ...(options.mediaType !== undefined && { filetype: options.mediaType }),
      ...(options.account !== undefined && { account: options.account }),
    });
    const sent = { opId: basename(url), size, sha256, received: await tus.offset(url) };
    await options.onBegin?.(sent);
    await sendParts(tus, file, url, sent, options);
    await rm(note.path, { force: true });
    return sent;
  } catch (error) {
    // Refused is refused under this key for ever: the next call is another intent.
    if (error instanceof UploadRefused) await rm(note.path, { force: true });
    throw error;
  }
}

async function sendParts(
  tus: TusClient,
  file: string,
  url: string,
  { size, received }: SentFile,
  { onProgress }: UploadFileOptions,
): Promise<void> {
  const handle = await open(file);
  try {
    const buffer = Buffer.allocUnsafe(partBytes);
    for (let at = received; at < size; onProgress?.(at, size)) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(partBytes, size - at), at);
      if (bytesRead === 0) throw new Error(`${file} became shorter while it was sent`);
      at = await tus.append(url, at, buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

/** The key of this file at this gateway: the one of before, while it is under way. */
async function noteOf(file: string, { stateDir, url, account = '' }: UploadFileOptions) {
  const { size, mtimeMs } = await stat(file);
  const name = createHash('sha256').update([file, size, mtimeMs, url, account].join('\n'));
  const path = join(stateDir, name.digest('hex'));
  await mkdir(stateDir, { recursive: true });
  const key = `upload-${nanoid()}`;
  // Only the first one writes: two at once are one upload.
  await writeFile(path, key, { flag: 'wx' }).catch(() => undefined);
  return { path, key: await readFile(path, 'utf8') };
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
