import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { onTestFinished } from 'vitest';
import type { CloudEvent } from '../../src/outbox/index.js';

/** One request, after its signature was found genuine. */
export interface Received {
  readonly webhookId: string;
  readonly event: CloudEvent;
  readonly headers: IncomingMessage['headers'];
}

/** What it does with the n-th request for that event, from 1; true for an answer of 200. */
type Behaviour = (received: Received, attempt: number, response: ServerResponse) => unknown;

export const aSecret = (fill: number) => Uint8Array.from(Buffer.alloc(32, fill));
export const textOf = (secret: Uint8Array) => `whsec_${Buffer.from(secret).toString('base64')}`;

/** A receiver of webhooks, which verifies them as the standard's own package does. */
export async function aReceiver(secret: Uint8Array, behave: Behaviour = () => true) {
  const verifier = new Webhook(textOf(secret));
  const requests: Received[] = [];
  const events: CloudEvent[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    void take(request, response);
  }).listen(0, '127.0.0.1');
  server.on('connection', () => {
    connections += 1;
  });
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  async function take(request: IncomingMessage, response: ServerResponse) {
    const body = await text(request);
    const event = verifier.verify(body, request.headers as Record<string, string>) as CloudEvent;
    const webhookId = String(request.headers['webhook-id']);
    const received = { webhookId, event, headers: request.headers };
    requests.push(received);
    const attempt = requests.filter((each) => each.webhookId === webhookId).length;
    if (behave(received, attempt, response) !== true) return;
    // Whatever came before is a repetition, told by its id alone.
    if (!events.some(({ id }) => id === event.id)) events.push(event);
    response.writeHead(200).end();
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    /** Every request, as it came. */
    requests,
    /** What it keeps: each event once. */
    events,
    connections: () => connections,
  };
}
