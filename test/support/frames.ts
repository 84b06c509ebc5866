/** Reads the kinds of messages out of one direction of a connection. */
export interface Frames {
  /** The kinds of the messages that begin in what came now; not of those without one. */
  push(data: Buffer): readonly string[];
}

export interface Head {
  readonly kind: string | undefined;
  /** Of the whole message. */
  readonly bytes: number;
}

/** `headOf` reads what a message begins with, once enough of it has come. */
export function createFrames(headOf: (rest: Buffer) => Head | undefined): Frames {
  let rest: Buffer = Buffer.alloc(0);
  let skip = 0;

  return {
    push(data) {
      const kinds: string[] = [];
      const skipped = Math.min(skip, data.length);
      skip -= skipped;
      rest = Buffer.concat([rest, data.subarray(skipped)]);
      for (let head = headOf(rest); head !== undefined; head = headOf(rest)) {
        if (head.kind !== undefined) kinds.push(head.kind);
        skip = Math.max(0, head.bytes - rest.length);
        rest = rest.subarray(head.bytes);
      }
      return kinds;
    },
  };
}
