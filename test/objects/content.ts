import { createCipheriv, createHash } from 'node:crypto';

/** So many bytes that look like any others, and are the same for the same seed. */
export function content(size: number, seed = 'content'): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** The bytes in pieces of odd length, as a network gives them. */
export async function* inPieces(bytes: Uint8Array, pieceBytes = 65_521): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.byteLength; from += pieceBytes) {
    yield Buffer.from(bytes.subarray(from, from + pieceBytes));
  }
}

/** All that comes. */
export async function gathered(bytes: AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes ?? []) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** These bytes and then nothing more, for ever; `hangs` is told when it has come to that. */
export async function* hanging(bytes: Uint8Array, hangs: () => void): AsyncGenerator<Buffer> {
  yield* inPieces(bytes);
  hangs();
  await new Promise(() => undefined);
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
