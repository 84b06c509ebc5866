import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Scanner, ScanVerdict } from './scanner.js';
import { until } from './until.js';

/** Where a clamd listens. */
export type ClamdAddress =
  | { readonly host: string; readonly port: number }
  /** A socket of this machine. */
  | { readonly path: string };

/** Longest silence: a large file is looked at for long before there is a word of it. */
const silenceMaxMsDefault = 120_000;
/** Frames are no longer than what a proxy or clamd itself reads at once. */
const frameBytesMax = 64 * 1024;
const answerBytesMax = 4_096;

/** Reads `clamd://HOST:PORT` or `clamd:///PATH`; undefined for anything else. */
export function clamdAddress(given: string): ClamdAddress | undefined {
  const [, path] = /^clamd:\/\/(\/[^?#]+)$/.exec(given) ?? [];
  if (path !== undefined) return { path };
  const [, name = '', digits] =
    /^clamd:\/\/([\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})$/.exec(given) ?? [];
  const port = Number(digits);
  const host = name.replace(/^\[(.*)\]$/, '$1');
  return port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

/**
 * Asks a clamd, by its command INSTREAM (man clamd), over a connection for each scan. Its
 * StreamMaxLength is to be no less than what may be uploaded.
 */
export function createClamd(address: ClamdAddress, silenceMaxMs = silenceMaxMsDefault): Scanner {
  return {
    async scan(bytes, signal) {
      const socket = connect(address);
      socket.setTimeout(silenceMaxMs, () => {
        socket.destroy(new Error(`clamd said nothing for ${silenceMaxMs} ms`));
      });
      const answered = new AbortController();
      const answer = answerOn(socket).finally(() => answered.abort());
      answer.catch(() => undefined);
      const stop = signal ? AbortSignal.any([signal, answered.signal]) : answered.signal;
      try {
        const sentAll = await sent(socket, until(stop, bytes), answered.signal);
        return verdictOf(await answer, sentAll);
      } finally {
        socket.destroy();
      }
    },
  };
}

/** Whether all went out before there was an answer, or an end of the connection. */
async function sent(
  socket: Socket,
  bytes: AsyncIterable<Uint8Array>,
  answered: AbortSignal,
): Promise<boolean> {
  try {
    for await (const piece of framed(bytes)) {
      if (!socket.write(piece)) await once(socket, 'drain', { signal: answered });
    }
    return !answered.aborted;
  } catch (error) {
    // Not a fault of the sender: the answer says what became of it.
    if (answered.aborted) return false;
    throw error;
  }
}

/** Each frame is its length, four bytes with the highest first, and so many bytes; 0 ends them. */
async function* framed(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield Buffer.from('zINSTREAM\0');
  for await (const chunk of bytes) {
    for (let from = 0; from < chunk.byteLength; from += frameBytesMax) {
      const frame = chunk.subarray(from, from + frameBytesMax);
      yield lengthOf(frame.byteLength);
      yield frame;
    }
  }
  yield lengthOf(0);
}

function lengthOf(bytes: number): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}

/** Its one line, which a zero ends; a line without it is not whole. */
async function answerOn(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.setEncoding('latin1')) {
    text += chunk as string;
    const end = text.indexOf('\0');
    if (end >= 0) return text.slice(0, end);
    if (text.length > answerBytesMax) break;
  }
  throw new Error(`clamd gave no whole answer: ${shown(text)}`);
}

function verdictOf(answer: string, sentAll: boolean): ScanVerdict {
  const [, signature] = /^stream: (.+) FOUND$/.exec(answer) ?? [];
  if (signature !== undefined) return { kind: 'infected', signature };
  if (answer === 'INSTREAM size limit exceeded. ERROR') return { kind: 'too-large' };
  // What it has not seen it cannot call clean.
  if (answer === 'stream: OK' && sentAll) return { kind: 'clean' };
  throw new Error(`clamd answered what is no verdict: ${shown(answer)}`);
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
