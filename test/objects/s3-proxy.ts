import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

/** What happens to a request on its way. */
export type Fate =
  | 'passes'
  /** Reset before the server has all of it. */
  | 'cut'
  /** Never answered. */
  | 'hangs'
  /** Done, and its answer is lost. */
  | 'answer-lost'
  /** The answer breaks off in its body. */
  | 'answer-cut'
  | { readonly status: number; readonly body?: string };

export interface S3Proxy {
  readonly endpoint: string;
  /** Decides of every request from now on, counted from 1 for those that `match`es. */
  faults(match: (method: string, url: string) => boolean, fate: (count: number) => Fate): void;
  /** How often a request was sent that matched. */
  matched(): number;
  stop(): Promise<void>;
}

/** Stands between us and a server of S3, with the faults that a network and a server have. */
export async function createS3Proxy(target: string): Promise<S3Proxy> {
  let count = 0;
  let fateOf = (_request: IncomingMessage): Fate => 'passes';
  const server = createServer((asked, answer) => {
    const fate = fateOf(asked);
    if (fate === 'hangs') return;
    if (fate === 'cut') return void asked.once('data', () => asked.socket.resetAndDestroy());
    if (typeof fate === 'object') {
      asked.resume().once('end', () => answer.writeHead(fate.status).end(fate.body));
      return;
    }
    const { method, url, headers } = asked;
    const forwarded = request(new URL(url ?? '/', target), { method, headers });
    pipeline(asked, forwarded, () => undefined);
    forwarded.once('response', (answered) => {
      if (fate === 'answer-lost') {
        answered.resume().once('end', () => asked.socket.resetAndDestroy());
        return;
      }
      answer.writeHead(answered.statusCode ?? 0, answered.headers);
      if (fate === 'answer-cut') {
        answered.once('data', (data) => answer.write(data, () => asked.socket.resetAndDestroy()));
        return;
      }
      pipeline(answered, answer, () => undefined);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');

  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults(match, fate) {
      count = 0;
      fateOf = ({ method = '', url = '' }) => {
        if (!match(method, url)) return 'passes';
        count += 1;
        return fate(count);
      };
    },
    matched: () => count,
    async stop() {
      const closed = once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
    },
  };
}
