import { createFrames, type Frames } from './frames.js';

const headBytes = 9;
const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const dataFrame = 0;

/** The messages of gRPC: `data` for each frame of HTTP/2 that carries one, nothing for the rest. */
export function createGrpcFrames({ opening }: { readonly opening: boolean }): Frames {
  let greeting = opening;

  return createFrames((rest) => {
    if (rest.length < (greeting ? preface.length : headBytes)) return undefined;
    if (greeting) {
      greeting = false;
      return { kind: undefined, bytes: preface.length };
    }
    const length = rest.readUIntBE(0, 3);
    const carries = rest[3] === dataFrame && length > 0;
    return { kind: carries ? 'data' : undefined, bytes: headBytes + length };
  });
}
