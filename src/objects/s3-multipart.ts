import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  type CompletedPart,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';

/** What S3 takes in one object. */
const partsMax = 10_000;
const partBytesMin = 8 * 1024 * 1024;

export interface S3Object {
  readonly Bucket: string;
  readonly Key: string;
}

type Upload = S3Object & { readonly UploadId: string | undefined };

/**
 * Makes one object of parts, sent one after the other: so no part is under way when one fails, and
 * what is begun then ends with nothing of it left.
 */
async function madeOfParts(
  client: S3Client,
  object: S3Object,
  send: (upload: Upload) => AsyncIterable<CompletedPart>,
): Promise<void> {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(object));
  const upload = { ...object, UploadId };
  try {
    const Parts: CompletedPart[] = [];
    for await (const part of send(upload)) Parts.push(part);
    const MultipartUpload = { Parts };
    await client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }));
  } catch (error) {
    // A store that does not take this either keeps what nobody sees, until it is abandoned.
    await client.send(new AbortMultipartUploadCommand(upload)).catch(() => undefined);
    throw error;
  }
}

/** Sends an object as it is where it is one piece, else in parts. */
export async function sentInPieces(
  client: S3Client,
  object: S3Object,
  pieces: AsyncGenerator<Piece>,
  abortSignal?: AbortSignal,
): Promise<void> {
  const options = { ...(abortSignal && { abortSignal }) };
  const next = async () => (await pieces.next()).value as Piece;
  const first = await next();
  if (first.last) {
    await client.send(new PutObjectCommand({ ...object, Body: first.body }), options);
    return;
  }

  async function sent(piece: Piece, part: Upload & { PartNumber: number }): Promise<CompletedPart> {
    const { ETag } = await client.send(
      new UploadPartCommand({ ...part, Body: piece.body }),
      options,
    );
    // Let go before the next one is gathered: else there would be two of them.
    piece.body = Buffer.alloc(0);
    return { ETag, PartNumber: part.PartNumber };
  }

  await madeOfParts(client, object, async function* (upload) {
    for (let piece = first, PartNumber = 1; ; PartNumber += 1) {
      yield await sent(piece, { ...upload, PartNumber });
      if (piece.last) return;
      piece = await next();
    }
  });
}

/** Copies an object of so many bytes in parts of at most so many. */
export function copiedInParts(
  client: S3Client,
  object: S3Object,
  source: { readonly CopySource: string; readonly size: number; readonly partBytes: number },
): Promise<void> {
  return madeOfParts(client, object, async function* (upload) {
    const { CopySource, size, partBytes } = source;
    for (let from = 0, PartNumber = 1; from < size; from += partBytes, PartNumber += 1) {
      const CopySourceRange = `bytes=${from}-${Math.min(from + partBytes, size) - 1}`;
      const { CopyPartResult } = await client.send(
        new UploadPartCopyCommand({ ...upload, PartNumber, CopySource, CopySourceRange }),
      );
      yield { ETag: CopyPartResult?.ETag, PartNumber };
    }
  });
}

/** How long pieces are so that an object of the most bytes does not have too many. */
export function pieceBytesFor(maxBytes: number): number {
  return Math.max(partBytesMin, Math.ceil(maxBytes / partsMax));
}

export interface Piece {
  body: Buffer;
  readonly last: boolean;
}

/** The bytes in pieces of one length; the last one is shorter, and may be empty as the only one. */
export async function* piecesOf(
  bytes: AsyncIterable<Uint8Array>,
  pieceBytes: number,
): AsyncGenerator<Piece> {
  // Copied, not kept: a sender of single bytes would have each of them take a buffer of its own.
  let piece: Buffer = Buffer.alloc(0);
  let gathered = 0;
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.byteLength; ) {
      if (gathered === pieceBytes) {
        const body = piece;
        // Let go before it is sent: else there would be two of each piece.
        [piece, gathered] = [Buffer.alloc(0), 0];
        yield { body, last: false };
      }
      const taken = chunk.subarray(from, from + pieceBytes - gathered);
      piece = grown(piece, gathered + taken.byteLength, pieceBytes);
      piece.set(taken, gathered);
      gathered += taken.byteLength;
      from += taken.byteLength;
    }
  }
  yield { body: piece.subarray(0, gathered), last: true };
}

/** The same bytes with room for so many: twice as much each time, up to a whole piece. */
function grown(piece: Buffer, needed: number, pieceBytes: number): Buffer {
  if (needed <= piece.byteLength) return piece;
  const roomier = Buffer.allocUnsafe(Math.min(pieceBytes, Math.max(needed, piece.byteLength * 2)));
  piece.copy(roomier);
  return roomier;
}
