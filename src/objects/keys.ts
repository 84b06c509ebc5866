/** Room for a suffix in the name of a file, 255 bytes at most on the file systems there are. */
const partLengthMax = 200;
/** S3 has 1,024. */
const keyLengthMax = 1_000;

const part = `[a-z0-9_-]{1,${partLengthMax}}`;
const keyPattern = new RegExp(`^${part}(/${part})*$`);
const prefixPattern = new RegExp(`^(${part}/)*([a-z0-9_-]{0,${partLengthMax}})$`);

/** The key itself. @throws RangeError for one that we would never make: a bug, or an attack. */
export function checkedKey(key: string): string {
  if (key.length <= keyLengthMax && keyPattern.test(key)) return key;
  throw new RangeError('not a key of an object');
}

/** What keys may begin with; nothing at all is the beginning of every one. @throws RangeError */
export function checkedPrefix(prefix: string): string {
  if (prefix.length <= keyLengthMax && prefixPattern.test(prefix)) return prefix;
  throw new RangeError('not the beginning of a key');
}
