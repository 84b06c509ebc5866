import type { Sink } from './relay.js';

/** Takes each event as one line of JSON. */
export function createLineSink(out: NodeJS.WritableStream): Sink {
  return {
    publish: (event) =>
      new Promise((resolve, reject) => {
        // Only what is written is taken: a line that is still in the buffer dies with us.
        out.write(`${JSON.stringify(event)}\n`, (error) =>
          error ? reject(error) : resolve(undefined),
        );
      }),
  };
}
