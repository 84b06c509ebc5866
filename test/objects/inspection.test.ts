import { buffer } from 'node:stream/consumers';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClamd } from '../../src/objects/clamd.js';
import {
  createInspection,
  createThumbnailer,
  type ObjectStore,
  type Scanner,
} from '../../src/objects/index.js';
import { aStore } from '../support/a-store.js';
import { aClamd, eicar } from './a-clamd.js';
import { pngThatClaims, twoHalves } from './images.js';

let place: Awaited<ReturnType<typeof aStore>>;
let clamd: Awaited<ReturnType<typeof aClamd>>;
let small: Awaited<ReturnType<typeof aClamd>>;
beforeAll(async () => {
  [place, clamd, small] = await Promise.all([aStore(), aClamd(), aClamd({ streamBytesMax: 10 })]);
});
afterAll(() => Promise.all([place.close(), clamd.stop(), small.stop()]));

const key = 'quarantine/op_1/1';
const thumbKey = 'thumbs/op_1/1';
const images = createThumbnailer();

async function looked(bytes: Buffer, declaredType: string | null, scanner?: Scanner) {
  const { store } = place;
  await store.put(key, one(bytes), bytes.length);
  return createInspection({ store, scanner, images })({ key, thumbKey, declaredType });
}

async function* one(bytes: Uint8Array) {
  yield bytes;
}

const png = () => twoHalves(10, 10).png().toBuffer();

describe('what is looked at', () => {
  test('is what it was said to be', async () => {
    const scanner = createClamd(clamd.address);

    const image = await looked(await png(), 'image/png', scanner);
    const text = await looked(Buffer.from('a,b\n'), 'text/csv', scanner);

    expect(image).toEqual({ kind: 'inspected', mediaType: 'image/png' });
    expect(text).toEqual({ kind: 'inspected', mediaType: 'text/csv' });
  });

  test('is refused as another sort of file', async () => {
    const program = Buffer.from(`MZ\x90\0${'\0'.repeat(100)}`, 'latin1');
    const cut = (await png()).subarray(0, 60);

    expect(await looked(program, 'image/png')).toMatchObject({ code: 'type-mismatch' });
    expect(await looked(cut, 'image/png')).toMatchObject({ code: 'type-mismatch' });
  });

  test('is refused when the scanner finds something, whatever sort it is', async () => {
    const found = await looked(Buffer.from(eicar), null, createClamd(clamd.address));

    expect(found).toMatchObject({ kind: 'fail', code: 'infected' });
  });

  test('is refused as an image of more pixels than are decoded', async () => {
    const bomb = await pngThatClaims(50_000, 50_000);

    expect(await looked(bomb, 'image/png')).toMatchObject({ code: 'image-too-large' });
  });

  test('is a person’s where the scanner does not take it, or it is not there', async () => {
    const scanner = createClamd(small.address);

    await expect(looked(Buffer.alloc(100), null, scanner)).rejects.toThrow(RangeError);
    const inspect = createInspection({ store: place.store, scanner, images });
    const nothing = { key: 'quarantine/op_2/1', thumbKey, declaredType: null };
    await expect(inspect(nothing)).rejects.toThrow(RangeError);
  });

  test('is looked at again when the scanner is away', async () => {
    const { address } = await closed();

    const failed = looked(Buffer.alloc(10), null, createClamd(address));

    await expect(failed).rejects.toThrow();
    await expect(failed).rejects.not.toBeInstanceOf(RangeError);
  });
});

describe('the thumbnail of what is looked at', () => {
  test('is kept of an image, within 300 x 300 pixels, and of nothing else', async () => {
    await place.store.remove([thumbKey]);

    await looked(Buffer.from('a,b\n'), 'text/csv');
    await looked((await png()).subarray(0, 60), 'image/png');
    const before = await place.store.size(thumbKey);
    await looked(await twoHalves(900, 450).png().toBuffer(), 'image/png');

    const jpeg = await buffer(((await place.store.read(thumbKey)) ?? []) as AsyncIterable<Buffer>);
    expect(before).toBeUndefined();
    expect(await sharp(jpeg).metadata()).toMatchObject({
      ...{ format: 'jpeg', width: 300, height: 150 },
    });
  });

  test('is done without where the store does not take it', async () => {
    const store: ObjectStore = { ...place.store, put: async () => Promise.reject(new Error()) };
    await looked(await png(), 'image/png');
    const inspect = createInspection({ store, scanner: undefined, images });

    const image = await inspect({ key, thumbKey, declaredType: 'image/png' });

    expect(image).toEqual({ kind: 'inspected', mediaType: 'image/png' });
  });
});

async function closed() {
  const away = await aClamd();
  await away.stop();
  return away;
}
