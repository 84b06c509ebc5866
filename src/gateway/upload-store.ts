import { randomBytes } from 'node:crypto';
import { DataStore, Upload } from '@tus/server';
import { type OpId, partKeyOf } from '../domain/index.js';
import type { UploadDesk } from '../ledger/index.js';
import type { ObjectStore, StoredObject } from '../objects/store.js';
import { cutParts } from './cut-parts.js';
import { problem } from './problems.js';
import { unavailableStore } from './store-away.js';
import type { Checksum } from './upload-checksum.js';

/** An upload as its row says it, to the request that writes to it. */
export interface OpenUpload {
  readonly size: number;
  readonly received: number;
  /** Epoch milliseconds; undefined once all of it is there: then it does not expire. */
  readonly expiresAt: number | undefined;
  readonly metadata: Record<string, string | null>;
}

export interface UploadStoreDeps {
  readonly tenant: string;
  readonly objects: ObjectStore;
  readonly uploads: Pick<UploadDesk, 'recordPart'>;
  /** Throws the problem of one that is not there, or has ended. */
  readonly find: (opId: OpId) => Promise<OpenUpload>;
  /** Withdraws it; throws the problem of one that it is too late for. */
  readonly withdraw: (opId: OpId) => Promise<void>;
  /** True once a creation turns out to be a repetition, whose bytes may have come before. */
  readonly begun: { readonly replayed: boolean };
  /** What was announced of the bytes of this request. */
  readonly checksum: Checksum | undefined;
}

/** All that a kill can lose: a part is in the store, and in its row, before the next begins. */
export const partBytesMax = 8 * 1_024 * 1_024;

const lifetimeMs = 1_000;

// Half of what the sweep waits for: what it may remove is never recorded.
const recordedWithinMs = 30 * 60_000;

/**
 * What tus reads and writes, for one request. Bytes go to the object store under keys that nobody
 * else has, and are of the file from the moment that the ledger says so.
 */
export class UploadStore extends DataStore {
  override readonly extensions = [
    ...['creation', 'creation-with-upload', 'termination', 'checksum', 'expiration'],
  ];
  readonly #deps: UploadStoreDeps;

  constructor(deps: UploadStoreDeps) {
    super();
    this.#deps = deps;
  }

  // The library counts from when an upload was made, and knows one lifetime for all of them.
  override getExpiration(): number {
    return lifetimeMs;
  }

  override async create(upload: Upload): Promise<Upload> {
    const { expiresAt } = await this.#deps.find(upload.id as OpId);
    return Object.assign(upload, createdAt(expiresAt));
  }

  override async getUpload(id: string): Promise<Upload> {
    const { size, received, expiresAt, metadata } = await this.#deps.find(id as OpId);
    return Object.assign(new Upload({ id, size, offset: received, metadata }), {
      creation_date: undefined,
      ...createdAt(expiresAt),
    });
  }

  override remove(id: string): Promise<void> {
    return this.#deps.withdraw(id as OpId);
  }

  override async write(
    source: AsyncIterable<Uint8Array>,
    id: string,
    offset: number,
  ): Promise<number> {
    const { objects, checksum, begun, find } = this.#deps;
    const opId = id as OpId;
    if (begun.replayed) return (await find(opId)).received;
    const unseen: Written[] = [];
    let start = offset;
    try {
      const watched = checksum === undefined ? source : watchedBy(checksum, source);
      for await (const bytes of cutParts(watched, partBytesMax)) {
        const part = await this.#put(opId, start, bytes);
        unseen.push(part);
        start += part.size;
        if (checksum === undefined) await this.#record(opId, unseen);
      }
      if (checksum?.matches() === false) throw problem('part-damaged');
      while (unseen.length > 0) await this.#record(opId, unseen);
      return start;
    } catch (error) {
      await objects.remove(unseen.map(({ key }) => key)).catch(leftToSweep);
      throw error;
    }
  }

  async #put(opId: OpId, start: number, bytes: AsyncIterable<Uint8Array>): Promise<Written> {
    const begunAt = Date.now();
    // Where it begins is its number: there is one place for it in the file.
    const key = partKeyOf(opId, start, randomBytes(12).toString('hex'));
    try {
      return { start, begunAt, ...(await this.#deps.objects.put(key, bytes, partBytesMax)) };
    } catch (error) {
      // The bytes themselves never throw here: it is the store that cannot take them now.
      return unavailableStore(error);
    }
  }

  async #record(opId: OpId, unseen: Written[]): Promise<void> {
    const { objects, uploads, tenant } = this.#deps;
    // Taken out first: where the answer is lost, it may be of the file, and must not be removed.
    const [written] = unseen.splice(0, 1);
    if (written === undefined) return;
    const { begunAt, ...part } = written;
    const tooOld = Date.now() - begunAt > recordedWithinMs;
    const { kind } = tooOld
      ? ({ kind: 'too-late' } as const)
      : await uploads.recordPart({ tenant, opId, ...part });
    if (kind === 'recorded') return;
    await objects.remove([part.key]).catch(leftToSweep);
    // The same bytes were recorded already.
    if (kind !== 'duplicate') throw problem(codesOfParts[kind]);
  }
}

type Written = StoredObject & { readonly start: number; readonly begunAt: number };

const codesOfParts = {
  missing: 'operation-unknown',
  closed: 'upload-ended',
  'stale-offset': 'offset-conflict',
  'too-long': 'body-too-large',
  'too-many-parts': 'too-many-parts',
  'too-late': 'upload-busy',
} as const;

// An object that no row names is removed by the sweep.
const leftToSweep = () => undefined;

function createdAt(expiresAt: number | undefined): { readonly creation_date?: string } {
  if (expiresAt === undefined) return {};
  return { creation_date: new Date(expiresAt - lifetimeMs).toISOString() };
}

async function* watchedBy(
  checksum: Checksum,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    checksum.add(bytes);
    yield bytes;
  }
}
