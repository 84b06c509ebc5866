import { crc32 } from 'node:zlib';
import sharp from 'sharp';

/** A picture of two halves, the left one red and the right one blue. */
export function twoHalves(width: number, height: number) {
  const half = Math.floor(width / 2);
  return sharp({ create: { width, height, channels: 3, background: '#ff0000' } }).composite([
    {
      input: { create: { width: width - half, height, channels: 3, background: '#0000ff' } },
      ...{ left: half, top: 0 },
    },
  ]);
}

/** A small PNG whose header claims other sides; with the right checksum, as an attacker would. */
export async function pngThatClaims(width: number, height: number): Promise<Buffer> {
  const png = await twoHalves(10, 10).png().toBuffer();
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}
