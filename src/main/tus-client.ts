import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type ProblemBody, Unreachable } from './http-api.js';

export interface TusOptions {
  readonly url: string;
  readonly token: string;
  /** Told why it waits, while nobody takes anything. */
  readonly onWait?: ((why: string) => void) | undefined;
  /** The global one when left out. */
  readonly fetch?: typeof globalThis.fetch;
}

/** The gateway said no, and would say it again. */
export class UploadRefused extends Error {
  override readonly name = 'UploadRefused';
  readonly problem: ProblemBody;

  constructor(problem: ProblemBody) {
    super(`${problem.title} (${problem.code})`);
    this.problem = problem;
  }
}

/**
 * What `npx holdfast upload` needs of tus 1.0. Every call is patient with a gateway that is away
 * or busy, and then throws Unreachable; what is refused throws UploadRefused.
 */
export interface TusClient {
  /** The path of the upload; the same key gives the same one. */
  create(key: string, size: number, metadata: Readonly<Record<string, string>>): Promise<string>;
  /** How many bytes the gateway has. */
  offset(path: string): Promise<number>;
  /** Sends these with their checksum, and gives how many it has then. */
  append(path: string, offset: number, bytes: Uint8Array): Promise<number>;
}

const answerTimeoutMs = 60_000;
/** How long nothing may get through. */
const patienceMs = 5 * 60_000;
const waitsMs = { first: 200, most: 3_000 } as const;

/** Fetch alone: the client that browsers use sends no checksum with its parts. */
export function createTusClient(options: TusOptions): TusClient {
  const { fetch: ask = fetch } = options;
  const send = async (method: string, path: string, headers: object, body?: Uint8Array) => {
    const response = await ask(`${options.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${options.token}`,
        'tus-resumable': '1.0.0',
        ...headers,
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const text = await response.text();
    if (response.ok) return response.headers;
    throw refusalOf(response.status, text);
  };
  const offset = (path: string) =>
    patiently(options, async () => {
      const headers = await send('HEAD', path, {});
      return Number(headers.get('upload-offset'));
    });

  return {
    offset,
    create: (key, size, metadata) =>
      patiently(options, async () => {
        const headers = await send('POST', '/v1/uploads', {
          'idempotency-key': key,
          'upload-length': `${size}`,
          'upload-metadata': encoded(metadata),
        });
        return headers.get('location') ?? '';
      }),
    append: (path, at, bytes) =>
      patiently(options, async (isFirst) => {
        // What became of the one before is not known: the gateway says where it goes on.
        if (!isFirst) {
          const known = await offset(path);
          if (known !== at) return known;
        }
        const headers = await send('PATCH', path, partHeaders(at, bytes), bytes);
        return Number(headers.get('upload-offset'));
      }),
  };
}

function partHeaders(offset: number, bytes: Uint8Array): object {
  return {
    'content-type': 'application/offset+octet-stream',
    'upload-offset': `${offset}`,
    'upload-checksum': `sha256 ${createHash('sha256').update(bytes).digest('base64')}`,
  };
}

function encoded(metadata: Readonly<Record<string, string>>): string {
  return Object.entries(metadata)
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',');
}

// Somebody else writes, the offset is another, a part was damaged on its way, too many at once.
const passing: readonly number[] = [409, 423, 429, 460];

function refusalOf(status: number, text: string): Error {
  const problem = problemOf(status, text);
  if (status >= 500 || passing.includes(status)) return new Error(problem.title);
  return new UploadRefused(problem);
}

function problemOf(status: number, text: string): ProblemBody {
  try {
    return JSON.parse(text) as ProblemBody;
  } catch {
    // The answer to HEAD has no body.
    const title = status === 404 ? 'There is no such upload' : `The gateway answers ${status}`;
    return { status, title, code: `status-${status}` };
  }
}

async function patiently<Value>(
  { onWait, url }: TusOptions,
  call: (isFirst: boolean) => Promise<Value>,
): Promise<Value> {
  const deadline = performance.now() + patienceMs;
  for (let waitMs = waitsMs.first as number; ; waitMs = Math.min(2 * waitMs, waitsMs.most)) {
    try {
      return await call(waitMs === waitsMs.first);
    } catch (error) {
      if (error instanceof UploadRefused) throw error;
      if (performance.now() > deadline)
        throw new Unreachable(`no answer from ${url}`, { cause: error });
      onWait?.(error instanceof Error ? error.message : String(error));
    }
    await delay(waitMs);
  }
}
