import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { measured } from './measured.js';
import { ObjectTooLarge } from './store.js';
import { exitCodes } from './thumbnail-limits.js';
import { until } from './until.js';

export type Thumbnail =
  /** Within 300 x 300 pixels, quality 80, upright and without metadata. */
  | { readonly kind: 'made'; readonly jpeg: Buffer }
  /** More bytes or pixels than are decoded. */
  | { readonly kind: 'too-large' }
  /** Whatever its first bytes say, it does not decode. */
  | { readonly kind: 'not-an-image' };

/** Makes thumbnails, and proves by it that an image is one. */
export interface Thumbnailer {
  /** Throws where the decoder crashed or hung: the same call later may do. */
  make(image: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<Thumbnail>;
}

interface ThumbnailerSettings {
  /** So many images at a time; others wait. */
  readonly processesMax?: number;
  readonly timeoutMs?: number;
  /** What decodes, from its standard input to its standard output. */
  readonly command?: readonly [string, ...string[]];
}

const imageBytesMax = 64 * 1024 * 1024;
const processesMaxDefault = 4;
const timeoutMsDefault = 30_000;

/**
 * Decodes each image in a process of its own. Not in a thread: threads share their memory with us,
 * and a decoder that a hostile image crashes would take the process with it, and what it does with
 * money.
 */
export function createThumbnailer(settings: ThumbnailerSettings = {}): Thumbnailer {
  const { timeoutMs = timeoutMsDefault, command = ourDecoder() } = settings;
  const turn = turns(settings.processesMax ?? processesMaxDefault);
  return {
    make: (image, signal) => turn(() => decoded(command, timeoutMs, image, signal)),
  };
}

async function decoded(
  [command, ...args]: readonly [string, ...string[]],
  timeout: number,
  image: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<Thumbnail> {
  const child = spawn(command, args, {
    ...{ timeout, killSignal: 'SIGKILL', stdio: ['pipe', 'pipe', 'ignore'] },
    // No secret of ours, and of libvips only the decoders that are made for strangers' files.
    env: { VIPS_BLOCK_UNTRUSTED: '1' },
    ...(signal && { signal }),
  });
  const gone = new AbortController();
  const ended = once(child, 'close').finally(() => gone.abort());
  const jpeg = gathered(child.stdout);
  // Both are waited for below, but not where something else ends it first.
  for (const one of [ended, jpeg]) one.catch(() => undefined);
  try {
    const source = measured(until(gone.signal, image), imageBytesMax);
    await pipeline(source.bytes, child.stdin).catch((error: unknown) => {
      // It ended before it had read all: how, says why.
      if (!gone.signal.aborted && (error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    });
    const [code, killedBy] = (await ended) as [number | null, NodeJS.Signals | null];
    if (code === 0) return { kind: 'made', jpeg: await jpeg };
    if (code === exitCodes.tooLarge) return { kind: 'too-large' };
    if (code === exitCodes.notAnImage) return { kind: 'not-an-image' };
    throw new Error(`the decoder of images ended with ${code ?? killedBy}`);
  } catch (error) {
    if (error instanceof ObjectTooLarge) return { kind: 'too-large' };
    throw error;
  } finally {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
  }
}

async function gathered(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** From the sources it runs through the compiler that we came through as well. */
function ourDecoder(): readonly [string, ...string[]] {
  const isSource = import.meta.url.endsWith('.ts');
  const entry = new URL(`./thumbnail-process.${isSource ? 'ts' : 'js'}`, import.meta.url);
  const compiler = () => pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const imports = isSource ? ['--import', compiler()] : [];
  return [process.execPath, ...imports, fileURLToPath(entry)];
}

/** Runs so many at a time, the others in the order in which they came. */
function turns(max: number) {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async <Value>(work: () => Promise<Value>): Promise<Value> => {
    if (running === max) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      // Its turn goes to who comes next.
      if (next) next();
      else running -= 1;
    }
  };
}
