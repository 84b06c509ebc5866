import type { ServerResponse } from 'node:http';
import type { App } from './app.js';
import { within } from './bounded.js';
import { limits } from './limits.js';
import { unavailable } from './problems.js';

// Who asks about the process itself is told how it is.
const open: readonly (string | undefined)[] = ['/livez', '/readyz'];

/**
 * When the gateway closes, refuses what is new, 503 and `Connection: close`, while what is under
 * way is answered; what is not within the limit is cut. Says whether it closes.
 */
export function drainRequests(app: App, onClosing: () => void): () => boolean {
  const underWay = new Set<ServerResponse>();
  let isClosing = false;
  app.decorate('ended', { drained: 0, interrupted: 0 });

  app.addHook('onRequest', async (request, { raw }) => {
    if (isClosing && !open.includes(request.routeOptions.url)) throw unavailable();
    if (isClosing) return;
    underWay.add(raw);
    raw.once('close', () => underWay.delete(raw));
  });
  // A connection that was at work when we began to close would be kept, and waited for.
  app.addHook('onSend', async (_, reply) => {
    if (isClosing) reply.header('connection', 'close');
  });

  // The listener goes on until this ends: who asks meanwhile is told, not just not let in.
  app.addHook('preClose', async () => {
    isClosing = true;
    onClosing();
    const before = underWay.size;
    const answered = [...underWay].map(
      (response) => new Promise<void>((resolve) => void response.once('close', resolve)),
    );
    await within(limits.drainTimeoutMs, Promise.all(answered));
    const interrupted = underWay.size;
    app.ended = { drained: before - interrupted, interrupted };
  });
  return () => isClosing;
}
