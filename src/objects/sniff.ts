import { fileTypeFromBuffer } from 'file-type';
import { isImage } from '../domain/index.js';

/** How much of the beginning of a file is looked at. */
export const headBytesMax = 64 * 1024;

const octets = 'application/octet-stream';
/** Text has no magic bytes: that it is text at all is all that can be told. None of them is run. */
const textTypes: ReadonlySet<string> = new Set([
  ...['text/plain', 'text/csv', 'text/tab-separated-values', 'text/markdown', 'text/calendar'],
  ...['text/vcard', 'application/json', 'application/x-ndjson', 'application/yaml'],
]);

const office = 'application/vnd.openxmlformats-officedocument.';
/** What file-type calls what people declare: other names, and packages whose content comes late. */
const alsoKnownAs: Readonly<Record<string, readonly string[]>> = {
  'image/jpg': ['image/jpeg'],
  'image/png': ['image/apng'],
  'audio/mp3': ['audio/mpeg'],
  'application/x-zip-compressed': ['application/zip'],
  'application/x-gzip': ['application/gzip'],
  'application/msword': ['application/x-cfb'],
  'application/vnd.ms-excel': ['application/x-cfb'],
  'application/vnd.ms-powerpoint': ['application/x-cfb'],
  [`${office}wordprocessingml.document`]: ['application/zip'],
  [`${office}spreadsheetml.sheet`]: ['application/zip'],
  [`${office}presentationml.presentation`]: ['application/zip'],
};

/**
 * The type of a file by its first `headBytesMax` bytes, or undefined where it is not what was
 * declared, or is declared as what cannot be told by its bytes (HTML, SVG, scripts and so on).
 * `application/octet-stream` says nothing, so anything may be it; what nobody declared is that too,
 * or an image.
 */
export async function mediaTypeOf(
  beginning: Uint8Array,
  declared: string | undefined,
): Promise<string | undefined> {
  const head = beginning.subarray(0, headBytesMax);
  const sniffed = (await fileTypeFromBuffer(head))?.mime;
  if (declared === undefined) return sniffed && isImage(sniffed) ? sniffed : octets;
  const type = (declared.split(';')[0] ?? '').trim().toLowerCase();
  if (type === octets) return octets;
  if (textTypes.has(type)) return isText(head) ? type : undefined;
  const is = sniffed === type || (alsoKnownAs[type] ?? []).some((name) => name === sniffed);
  return is ? type : undefined;
}

const [tab, lineFeed, formFeed, carriageReturn] = [0x09, 0x0a, 0x0c, 0x0d];
const whiteBytes: ReadonlySet<number> = new Set([tab, lineFeed, formFeed, carriageReturn]);

/** UTF-8 without control characters; the last character may be cut off. */
function isText(head: Uint8Array): boolean {
  if (head.some((byte) => byte === 0x7f || (byte < 0x20 && !whiteBytes.has(byte)))) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}
