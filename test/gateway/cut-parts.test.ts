import { describe, expect, test } from 'vitest';
import { cutParts } from '../../src/gateway/cut-parts.js';

async function* chunksOf(...sizes: readonly number[]) {
  let byte = 0;
  for (const size of sizes) yield Uint8Array.from({ length: size }, () => (byte++ % 251) + 1);
}

async function* breaking(source: AsyncIterable<Uint8Array>) {
  yield* source;
  throw new Error('cut off');
}

async function partsOf(source: AsyncIterable<Uint8Array>, partBytesMax: number) {
  const parts: Buffer[] = [];
  try {
    for await (const part of cutParts(source, partBytesMax)) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of part) chunks.push(chunk);
      parts.push(Buffer.concat(chunks));
    }
    return { parts, broke: false };
  } catch {
    return { parts, broke: true };
  }
}

async function whole(...sizes: readonly number[]) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of chunksOf(...sizes)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('a stream that is cut', () => {
  test.each([
    { sizes: [], at: 4, lengths: [] },
    { sizes: [0, 0], at: 4, lengths: [] },
    { sizes: [3], at: 4, lengths: [3] },
    { sizes: [4], at: 4, lengths: [4] },
    { sizes: [4, 0, 4], at: 4, lengths: [4, 4] },
    { sizes: [1, 1, 1, 1, 1], at: 4, lengths: [4, 1] },
    { sizes: [13], at: 4, lengths: [4, 4, 4, 1] },
    { sizes: [3, 9, 0, 2], at: 4, lengths: [4, 4, 4, 2] },
  ])('of chunks $sizes gives parts of $lengths, with every byte once', async (row) => {
    const { parts, broke } = await partsOf(chunksOf(...row.sizes), row.at);

    expect(parts.map(({ length }) => length)).toEqual(row.lengths);
    expect(Buffer.concat(parts)).toEqual(await whole(...row.sizes));
    expect(broke).toBe(false);
  });

  test.each([
    { sizes: [], lengths: [] },
    { sizes: [3], lengths: [3] },
    { sizes: [4], lengths: [4] },
    { sizes: [6], lengths: [4, 2] },
  ])('that breaks after $sizes gives what came, and then its error', async ({ sizes, lengths }) => {
    const { parts, broke } = await partsOf(breaking(chunksOf(...sizes)), 4);

    expect(parts.map(({ length }) => length)).toEqual(lengths);
    expect(Buffer.concat(parts)).toEqual(await whole(...sizes));
    expect(broke).toBe(true);
  });
});
