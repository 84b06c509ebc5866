import type { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { checkedKey, checkedPrefix } from './keys.js';
import { measured } from './measured.js';
import { checkedRange } from './range.js';
import { copiedInParts, pieceBytesFor, piecesOf, sentInPieces } from './s3-multipart.js';
import { type ListedObject, ObjectMissing, type ObjectStore, pageMax } from './store.js';

export interface S3StoreSettings {
  readonly bucket: string;
  /** A server that speaks S3, asked by path; AWS when left out. */
  readonly endpoint?: string;
  readonly region?: string;
  /** Longest wait for the beginning of an answer, of each of three tries. */
  readonly requestTimeoutMs?: number;
  /** A larger object is copied in pieces of so many bytes: 5 GB at most, 5 MiB at least. */
  readonly copyBytesMax?: number;
}

const connectTimeoutMs = 3_000;
const requestTimeoutMsDefault = 20_000;
/** Also how long somebody who reads may stop in between. */
const idleTimeoutMs = 60_000;
const triesMax = 3;
const copyBytesMaxDefault = 1024 ** 3;
/** Of 1,000 uploads each; what is left over is ended by the next call. */
const abandonPagesMax = 100;

/** Keeps objects in a bucket, with the credentials that every program of AWS finds. */
export function createS3Store(settings: S3StoreSettings): ObjectStore {
  const { bucket: Bucket, copyBytesMax: partBytes = copyBytesMaxDefault } = settings;
  const client = clientOf(settings);
  const objectOf = (key: string) => ({ Bucket, Key: checkedKey(key) });

  async function size(key: string): Promise<number | undefined> {
    const found = await unlessMissing(client.send(new HeadObjectCommand(objectOf(key))));
    return found && (found.ContentLength ?? 0);
  }

  return {
    size,
    async put(key, bytes, maxBytes, signal) {
      const object = objectOf(key);
      const source = measured(bytes, maxBytes, signal);
      const pieces = piecesOf(source.bytes, pieceBytesFor(maxBytes));
      try {
        await sentInPieces(client, object, pieces, signal);
      } finally {
        await pieces.return(undefined);
      }
      return { key, ...source.taken() };
    },
    async read(key, range) {
      const asked = range && { Range: `bytes=${checkedRange(range).from}-${range.to ?? ''}` };
      const get = new GetObjectCommand({ ...objectOf(key), ...asked });
      try {
        const found = await unlessMissing(client.send(get));
        return found?.Body as Readable | undefined;
      } catch (error) {
        if (isNamed(error, 'InvalidRange')) return nothing();
        throw error;
      }
    },
    async copy(from, to) {
      const [source, object] = [objectOf(from), objectOf(to)];
      const bytes = await size(from);
      if (bytes === undefined) throw new ObjectMissing(from);
      const CopySource = `${source.Bucket}/${source.Key}`;
      if (bytes > partBytes) {
        return copiedInParts(client, object, { CopySource, size: bytes, partBytes });
      }
      await client.send(new CopyObjectCommand({ ...object, CopySource }));
    },
    async remove(keys) {
      const checked = keys.map(checkedKey);
      for (let from = 0; from < checked.length; from += pageMax) {
        await removeObjects(client, Bucket, checked.slice(from, from + pageMax));
      }
    },
    async list(prefix, after) {
      const page = await client.send(
        new ListObjectsV2Command({
          ...{ Bucket, Prefix: checkedPrefix(prefix), MaxKeys: pageMax },
          ...(after !== undefined && { StartAfter: after }),
        }),
      );
      const objects = (page.Contents ?? []).map(
        ({ Key = '', Size = 0, LastModified }): ListedObject => ({
          ...{ key: Key, size: Size },
          modifiedAt: LastModified?.getTime() ?? Date.now(),
        }),
      );
      const next = page.IsTruncated === true ? objects.at(-1)?.key : undefined;
      return { objects, ...(next !== undefined && { next }) };
    },
    abandon: (before) => abandonUploads(client, Bucket, before),
  };
}

function clientOf({ endpoint, region, requestTimeoutMs }: S3StoreSettings): S3Client {
  return new S3Client({
    // One that is not at AWS takes any region, and the SDK wants to have one.
    ...(endpoint !== undefined && {
      endpoint,
      forcePathStyle: true,
      region: region ?? 'us-east-1',
    }),
    ...(region !== undefined && { region }),
    // Not every server knows the checksums that newer SDKs add by themselves.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: triesMax,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs ?? requestTimeoutMsDefault,
      throwOnRequestTimeout: true,
      socketTimeout: idleTimeoutMs,
    },
  });
}

async function removeObjects(client: S3Client, Bucket: string, keys: string[]): Promise<void> {
  const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
  const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete }));
  const [first] = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
  if (first) throw new Error(`${Errors.length} objects stay, the first for ${first.Code}`);
}

async function abandonUploads(client: S3Client, Bucket: string, before: number): Promise<number> {
  let ended = 0;
  let from: Pick<ListMultipartUploadsCommandOutput, 'NextKeyMarker' | 'NextUploadIdMarker'> = {};
  for (let page = 1; page <= abandonPagesMax; page += 1) {
    const {
      Uploads = [],
      IsTruncated,
      ...next
    } = await client.send(
      new ListMultipartUploadsCommand({
        Bucket,
        ...(from.NextKeyMarker !== undefined && { KeyMarker: from.NextKeyMarker }),
        ...(from.NextUploadIdMarker !== undefined && { UploadIdMarker: from.NextUploadIdMarker }),
      }),
    );
    for (const { Key, UploadId, Initiated } of Uploads) {
      if ((Initiated?.getTime() ?? before) >= before) continue;
      const upload = new AbortMultipartUploadCommand({ Bucket, Key, UploadId });
      await unlessMissing(client.send(upload));
      ended += 1;
    }
    if (IsTruncated !== true) break;
    from = next;
  }
  return ended;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function unlessMissing<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (['NoSuchKey', 'NotFound', 'NoSuchUpload'].some((name) => isNamed(error, name))) return;
    throw error;
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof S3ServiceException && error.name === name;
}
