import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { createThumbnailer, type Thumbnail } from '../../src/objects/thumbnail.js';
import { content, hanging, inPieces } from './content.js';
import { pngThatClaims, twoHalves } from './images.js';

const thumbnailer = createThumbnailer();
const make = (image: Uint8Array) => thumbnailer.make(inPieces(image));
const red = { r: 255, g: 0, b: 0 };
const blue = { r: 0, g: 0, b: 255 };

async function looked(thumbnail: Thumbnail) {
  if (thumbnail.kind !== 'made') throw new Error(thumbnail.kind);
  const { format, width, height, exif, icc, xmp } = await sharp(thumbnail.jpeg).metadata();
  const raw = await sharp(thumbnail.jpeg).raw().toBuffer();
  const pixel = (x: number, y: number) => {
    const at = (y * width + x) * 3;
    const [r, g, b] = [...raw.subarray(at, at + 3)].map((value) => (value > 127 ? 255 : 0));
    return { r, g, b };
  };
  return { format, sides: [width, height], metadata: [exif, icc, xmp], pixel };
}

describe('a thumbnail', () => {
  const sides: readonly (readonly [number, number, readonly number[]])[] = [
    [4_000, 2_000, [300, 150]],
    [500, 2_000, [75, 300]],
    [300, 300, [300, 300]],
    [20, 10, [20, 10]],
    [5_000, 1, [300, 1]],
  ];

  test.each(sides)('of %i x %i pixels fits into 300 x 300', async (width, height, fitted) => {
    const image = await twoHalves(width, height).jpeg().toBuffer();

    const { format, sides: made, pixel } = await looked(await make(image));

    expect([format, made]).toEqual(['jpeg', fitted]);
    expect([pixel(1, 0), pixel((fitted[0] ?? 0) - 2, 0)]).toEqual([red, blue]);
  });

  test.each(['png', 'webp', 'gif', 'tiff', 'avif'] as const)('is made of %s', async (format) => {
    const image = await twoHalves(600, 300).toFormat(format).toBuffer();

    expect((await looked(await make(image))).sides).toEqual([300, 150]);
  });

  test('stands upright as its EXIF says, and keeps neither that nor the place', async () => {
    // 6: what is stored lies on its side, to be turned by 90 degrees.
    const image = await twoHalves(400, 200)
      .withExif({ IFD0: { Copyright: 'somebody' }, IFD3: { GPSLatitude: '52/1 31/1 0/1' } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    expect(image.includes('somebody')).toBe(true);

    const thumbnail = await make(image);

    const { sides: made, metadata, pixel } = await looked(thumbnail);
    expect(made).toEqual([150, 300]);
    expect([pixel(75, 10), pixel(75, 290)]).toEqual([red, blue]);
    expect(metadata).toEqual([undefined, undefined, undefined]);
    expect(thumbnail.kind === 'made' && thumbnail.jpeg.includes('somebody')).toBe(false);
  });

  test('has white where the picture has nothing', async () => {
    const nothing = { r: 0, g: 0, b: 0, alpha: 0 };
    const image = await sharp({ create: { width: 9, height: 9, channels: 4, background: nothing } })
      .png()
      .toBuffer();

    expect((await looked(await make(image))).pixel(4, 4)).toEqual({ r: 255, g: 255, b: 255 });
  });

  test.each([
    [50_000, 50_000],
    [10_001, 10_000],
  ])('is not made of what claims to have %i x %i pixels', async (width, height) => {
    expect(await make(await pngThatClaims(width, height))).toEqual({ kind: 'too-large' });
  });

  test('is not made of more bytes than an image has', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) yield content(1024 * 1024);
    }

    expect(await thumbnailer.make(endless())).toEqual({ kind: 'too-large' });
  });
});

describe('what is no image', () => {
  const cases: readonly (readonly [string, () => Promise<Buffer> | Buffer])[] = [
    ['nothing', () => Buffer.alloc(0)],
    ['noise', () => content(10_000)],
    ['a PNG that is only its first bytes', () => Buffer.from('89504e470d0a1a0a', 'hex')],
    ['a GIF that is a script', () => Buffer.from('GIF89a=1;alert(1)//')],
    ['an SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['half a JPEG', async () => (await twoHalves(900, 900).jpeg().toBuffer()).subarray(0, 3_000)],
    ['a PNG that claims more than it has', () => pngThatClaims(5_000, 5_000)],
  ];

  test.each(cases)('is told from one: %s', async (_, image) => {
    expect(await make(await image())).toEqual({ kind: 'not-an-image' });
  });
});

describe('a decoder', () => {
  const node = (script: string) => [process.execPath, '-e', script] as const;

  test('that crashes takes nobody with it', async () => {
    const crashing = createThumbnailer({ command: node('process.abort()') });

    await expect(crashing.make(inPieces(content(10_000_000)))).rejects.toThrow('SIGABRT');
  });

  test('that hangs is ended', async () => {
    const hung = createThumbnailer({ command: node('setInterval(() => {}, 1e6)'), timeoutMs: 300 });

    await expect(hung.make(inPieces(content(10_000_000)))).rejects.toThrow('SIGKILL');
  });

  test('that is not there is no judgement of the image', async () => {
    const none = createThumbnailer({ command: ['/no/such/decoder'] });

    await expect(none.make(inPieces(content(10)))).rejects.toThrow('ENOENT');
  });

  test('is ended with the sender, and with the one who no longer wants it', async () => {
    const stop = new AbortController();
    const hangs = hanging(content(10), () => stop.abort());
    const broken = new Error('the store went away');
    async function* breaking(): AsyncGenerator<Buffer> {
      yield content(10);
      throw broken;
    }

    await expect(thumbnailer.make(hangs, stop.signal)).rejects.toThrow('abort');
    await expect(thumbnailer.make(breaking())).rejects.toBe(broken);
  });

  test('gets no secret of ours', async () => {
    const telling = createThumbnailer({
      command: node(
        'process.stdin.resume().on("end", () => console.log(Object.keys(process.env)))',
      ),
    });

    const told = await telling.make(inPieces(content(10)));

    expect(told.kind === 'made' && told.jpeg.toString()).toBe("[ 'VIPS_BLOCK_UNTRUSTED' ]\n");
  });

  test('works on as many images at once as it is told to, and the others wait', async () => {
    let open = 0;
    let most = 0;
    const { make: together } = createThumbnailer({
      command: node('process.stdin.resume()'),
      processesMax: 2,
    });
    async function* watched(): AsyncGenerator<Buffer> {
      open += 1;
      most = Math.max(most, open);
      yield content(100_000);
      open -= 1;
    }

    const all = await Promise.all(Array.from({ length: 5 }, () => together(watched())));

    expect(all).toHaveLength(5);
    expect(most).toBe(2);
  });
});
