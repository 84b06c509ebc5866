import { createFrames, type Frames } from './frames.js';

const lengthBytes = 4;

/** PostgreSQL's messages. `opening`: the client's side, whose first messages carry no kind. */
export function createPostgresFrames({ opening }: { readonly opening: boolean }): Frames {
  let untyped = opening;

  return createFrames((rest) => {
    const head = (untyped ? 0 : 1) + lengthBytes;
    if (rest.length < head) return undefined;
    const length = rest.readUInt32BE(head - lengthBytes);
    const kind = untyped ? undefined : rest.toString('latin1', 0, 1);
    // 8 bytes is a request for TLS or the like: the real start comes after it.
    if (untyped) untyped = length === 8;
    return { kind, bytes: head - lengthBytes + length };
  });
}
