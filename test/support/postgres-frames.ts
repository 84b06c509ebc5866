/** Reads the kinds of PostgreSQL's messages out of one direction of a connection. */
export interface PostgresFrames {
  /** The kinds of the messages that begin in what came now; not those without one, at the start. */
  push(data: Buffer): readonly string[];
}

const lengthBytes = 4;

/** `opening`: the side of the client, whose first messages carry no kind. */
export function createPostgresFrames({ opening }: { readonly opening: boolean }): PostgresFrames {
  let rest: Buffer = Buffer.alloc(0);
  let untyped = opening;
  let skip = 0;

  return {
    push(data) {
      const kinds: string[] = [];
      const skipped = Math.min(skip, data.length);
      skip -= skipped;
      rest = Buffer.concat([rest, data.subarray(skipped)]);
      for (;;) {
        const head = (untyped ? 0 : 1) + lengthBytes;
        if (rest.length < head) return kinds;
        const length = rest.readUInt32BE(head - lengthBytes);
        if (!untyped) kinds.push(rest.toString('latin1', 0, 1));
        // 8 bytes is a request for TLS or the like: the real start comes after it.
        else untyped = length === 8;
        const end = head - lengthBytes + length;
        skip = Math.max(0, end - rest.length);
        rest = rest.subarray(end);
      }
    },
  };
}
