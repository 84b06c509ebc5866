import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { type Fail, type Inspected, isImage } from '../domain/index.js';
import type { Scanner } from './scanner.js';
import { headBytesMax, mediaTypeOf } from './sniff.js';
import type { ObjectStore } from './store.js';
import type { Thumbnailer } from './thumbnail.js';

/** An object in quarantine, and what it is said to be. */
interface ToInspect {
  readonly key: string;
  /** Where its thumbnail comes to lie, if it is an image. */
  readonly thumbKey: string;
  readonly declaredType: string | null;
}

/**
 * Looks at an object before anybody may have it. Refuses: type-mismatch, infected, image-too-large.
 * Throws where it cannot look now; a RangeError where it never can, as it is set up.
 */
export type Inspect = (object: ToInspect) => Promise<Inspected | Fail>;

interface Looks {
  readonly store: ObjectStore;
  /** Nothing is scanned without one. */
  readonly scanner: Scanner | undefined;
  readonly images: Thumbnailer;
}

const thumbMsMax = 5_000;

/** By its first bytes, by a scanner, and an image by decoding it. */
export function createInspection({ store, scanner, images }: Looks): Inspect {
  const read = async (key: string, length?: number) => {
    const range = length === undefined ? undefined : { from: 0, to: length - 1 };
    const bytes = await store.read(key, range);
    if (bytes === undefined) throw new RangeError('what is to be inspected is not in the store');
    return bytes;
  };
  return async ({ key, thumbKey, declaredType }) => {
    const head = await buffer((await read(key, headBytesMax)) as AsyncIterable<Buffer>);
    const mediaType = await mediaTypeOf(head, declaredType ?? undefined);
    if (mediaType === undefined) {
      return refused('type-mismatch', `it does not begin as ${declaredType} does`);
    }
    const scanned = await scanner?.scan(await read(key));
    if (scanned?.kind === 'infected') return refused('infected', `found ${scanned.signature}`);
    if (scanned?.kind === 'too-large') throw new RangeError('the scanner takes nothing so large');
    if (isImage(mediaType)) {
      const image = await images.make(await read(key));
      if (image.kind === 'too-large') return refused('image-too-large', 'too many pixels or bytes');
      if (image.kind === 'not-an-image') {
        return refused('type-mismatch', `it does not decode as ${mediaType}`);
      }
      const { jpeg } = image;
      const isOver = AbortSignal.timeout(thumbMsMax);
      // Only shown: the file is none the worse without.
      await store.put(thumbKey, Readable.from(jpeg), jpeg.length, isOver).catch(() => undefined);
    }
    return { kind: 'inspected', mediaType };
  };
}

function refused(code: Fail['code'], message: string): Fail {
  return { kind: 'fail', code, message };
}
