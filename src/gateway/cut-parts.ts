/**
 * Cuts a stream into parts of at most `partBytesMax`, none of them empty, and keeps none of it:
 * each is to be read to its end before the next is asked for. A source that breaks ends its part
 * there, and its error comes after that part: what has come is worth keeping.
 */
export async function* cutParts(
  source: AsyncIterable<Uint8Array>,
  partBytesMax: number,
): AsyncGenerator<AsyncIterable<Uint8Array>> {
  const reader = source[Symbol.asyncIterator]();
  let broken: { readonly error: unknown } | undefined;
  let rest: Uint8Array | undefined;

  async function hasMore(): Promise<boolean> {
    while (rest === undefined || rest.length === 0) {
      if (broken !== undefined) return false;
      try {
        const next = await reader.next();
        if (next.done === true) return false;
        rest = next.value;
      } catch (error) {
        broken = { error };
      }
    }
    return true;
  }

  async function* part(): AsyncGenerator<Uint8Array> {
    for (let room = partBytesMax; room > 0 && (await hasMore()); ) {
      const [all = new Uint8Array()] = [rest];
      rest = all.subarray(room);
      room = Math.max(0, room - all.length);
      yield all.subarray(0, all.length - rest.length);
    }
  }

  while (await hasMore()) yield part();
  if (broken !== undefined) throw broken.error;
}
