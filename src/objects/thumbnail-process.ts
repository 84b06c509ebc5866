import sharp from 'sharp';
import { exitCodes, pixelsMax, sidePixelsMax } from './thumbnail-limits.js';

// The entry of a process that decodes one image that a stranger sent, from its standard input to
// its standard output. It knows no secret and holds nothing: whatever a decoder does, it does here.
const quality = 80;
sharp.concurrency(1);
sharp.cache(false);

const chunks: Buffer[] = [];
for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
const image = Buffer.concat(chunks);
try {
  // The header alone, whatever size it claims.
  const { width, height } = await sharp(image, { limitInputPixels: false }).metadata();
  if (width * height > pixelsMax) process.exit(exitCodes.tooLarge);
  const jpeg = await sharp(image, { limitInputPixels: pixelsMax, sequentialRead: true })
    // Upright as its EXIF says; neither that nor any other metadata goes further.
    .autoOrient()
    .resize(sidePixelsMax, sidePixelsMax, { fit: 'inside', withoutEnlargement: true })
    .flatten({ background: '#ffffff' })
    .jpeg({ quality })
    .toBuffer();
  process.stdout.end(jpeg);
} catch {
  process.exit(exitCodes.notAnImage);
}
