/** Bytes of a file, both ends included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/**
 * The one range that `Range` asks for (RFC 9110, 14); undefined for all of it, which is also what
 * a header gets that cannot be read or asks for several; `none` where the file does not reach.
 */
export function rangeOf(header: string | undefined, size: number): Range | 'none' | undefined {
  const [, from, to] = /^bytes=(\d{0,16})-(\d{0,16})$/.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || from + to === '') return undefined;
  if (from === '') {
    const length = Math.min(Number(to), size);
    return length === 0 ? 'none' : { from: size - length, to: size - 1 };
  }
  const range = { from: Number(from), to: Math.min(to === '' ? size - 1 : Number(to), size - 1) };
  if (to !== '' && Number(to) < range.from) return undefined;
  return range.from >= size ? 'none' : range;
}
