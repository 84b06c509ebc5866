import { createWriteStream } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { runTool } from './tool.js';

/** Where Temporal's SDKs download their servers from. */
export const TEMPORAL_DOWNLOADS = 'https://temporal.download';

export interface Download {
  readonly artifact: 'cli' | 'temporal-test-server';
  readonly version: string;
  /** The file that will hold the executable. */
  readonly into: string;
  readonly downloadUrl: string;
}

const ANSWER_TIMEOUT_MS = 4_000;
const STALL_TIMEOUT_MS = 5_000;

/**
 * Downloads an executable the way the SDKs do. A service that cannot be reached is given up after
 * 4 s, a download that stands still after 5 s.
 * @throws Error when it cannot be had; the caller has another way.
 */
export async function downloadExecutable(download: Download): Promise<void> {
  const folder = `${download.into}.download`;
  await mkdir(folder, { recursive: true });
  try {
    const { archiveUrl, fileToExtract } = await findArchive(download);
    const archive = join(folder, 'archive');
    await save(archiveUrl, archive);
    await runTool({
      command: 'tar',
      args: ['-xf', archive, '-C', folder, fileToExtract],
      ifMissing: 'tar is missing: install it.',
    });
    const extracted = join(folder, fileToExtract);
    await chmod(extracted, 0o755);
    await rename(extracted, download.into);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function findArchive({ artifact, version, downloadUrl }: Download) {
  const query = new URLSearchParams({
    arch: process.arch === 'x64' ? 'amd64' : process.arch,
    platform: process.platform,
    format: 'tar.gz',
  });
  const response = await fetch(`${downloadUrl}/${artifact}/${version}?${query.toString()}`, {
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`The download service answered ${response.status}.`);
  const { archiveUrl, fileToExtract } = (await response.json()) as Record<string, unknown>;
  if (typeof archiveUrl !== 'string' || typeof fileToExtract !== 'string') {
    throw new Error('The download service named no archive.');
  }
  return { archiveUrl, fileToExtract };
}

async function save(url: string, file: string): Promise<void> {
  const stalled = new AbortController();
  const timer = setTimeout(
    () => stalled.abort(new Error('The download stands still.')),
    STALL_TIMEOUT_MS,
  );
  try {
    const response = await fetch(url, { signal: stalled.signal });
    if (!response.ok || response.body === null) {
      throw new Error(`The download answered ${response.status}.`);
    }
    const watched = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        timer.refresh();
        yield chunk;
      }
    };
    await pipeline(response.body, watched, createWriteStream(file));
  } finally {
    clearTimeout(timer);
  }
}
