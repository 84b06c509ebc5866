import type { ByteRange } from './store.js';

/** The range itself. @throws RangeError for one that no object has: S3 would give all of it. */
export function checkedRange(range: ByteRange): ByteRange {
  const { from, to = from } = range;
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && from >= 0 && to >= from) {
    return range;
  }
  throw new RangeError('not a range of bytes');
}
