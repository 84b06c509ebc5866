import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { App, GatewayDeps } from './app.js';
import { type Caller, roles } from './auth.js';
import { createOperationFinder, type FoundOperation, withUpload } from './operations.js';
import { unavailable } from './problems.js';
import { answers, noQuery, operationParams } from './schemas.js';
import { isFinal } from '../domain/index.js';

type Deps = Pick<GatewayDeps, 'client' | 'reads' | 'uploads'>;

const lookEveryMs = 500;
/** A proxy closes what is silent for longer. */
const silenceMsMax = 15_000;
const lifeMsMax = 10 * 60_000;
const streamsMax = 500;

/** What becomes of an operation, told as it happens, as server-sent events. */
export function operationEventRoutes(app: App, deps: Deps, isClosing: () => boolean): void {
  const find = createOperationFinder(deps);
  const look = async (caller: Caller, opId: string) =>
    withUpload(deps.uploads, caller, await find(caller, opId));
  let streams = 0;

  app.get(
    '/v1/operations/:opId/events',
    {
      config: { access: roles },
      schema: {
        summary: 'One operation, as it changes (text/event-stream)',
        description:
          '`operation` when it changed, `progress` when more of an upload is kept. Each holds the' +
          ' whole operation: none has to be seen. With `Last-Event-ID` it begins with what has' +
          ' changed since. It ends with the final state, and after 10 minutes: connect again.',
        tags: ['operations'],
        params: operationParams,
        querystring: noQuery,
        response: answers({}, 'operation-unknown'),
      },
    },
    async (request, reply) => {
      const { caller, params, headers } = request;
      const first = await look(caller, params.opId);
      request.opId = first.opId;
      if (streams >= streamsMax) throw unavailable();
      // Who has gone meanwhile is not told of again that he goes.
      if (reply.raw.destroyed) return reply.hijack();
      streams += 1;
      reply.raw.once('close', () => {
        streams -= 1;
      });
      const seen = [headers['last-event-id']].flat()[0];
      const changes = follow(first, () => look(caller, params.opId), isClosing);
      return reply
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .type('text/event-stream')
        .send(Readable.from(eventsOf(changes, seen)));
    },
  );
}

/** The operation each time that it was looked at; to its end, ours, or that of its life. */
async function* follow(
  first: FoundOperation,
  look: () => Promise<FoundOperation>,
  isClosing: () => boolean,
): AsyncGenerator<FoundOperation> {
  const until = performance.now() + lifeMsMax;
  for (let one = first; ; one = await look()) {
    yield one;
    if (isFinal(one.state) || isClosing() || performance.now() > until) return;
    await delay(lookEveryMs);
  }
}

async function* eventsOf(
  operations: AsyncIterable<FoundOperation>,
  lastId: string | undefined,
): AsyncGenerator<string> {
  yield 'retry: 1000\n\n';
  let [known = '', size = ''] = lastId?.split('.') ?? [];
  let spokenAt = performance.now();
  for await (const operation of operations) {
    const now = [`${operation.version}`, `${operation.upload?.received ?? ''}`] as const;
    const name = now[0] !== known ? 'operation' : now[1] !== size ? 'progress' : undefined;
    const isSilent = performance.now() - spokenAt > silenceMsMax;
    if (name === undefined && !isSilent) continue;
    [known, size] = now;
    spokenAt = performance.now();
    if (name === undefined) yield ': still here\n\n';
    else yield `id: ${now.join('.')}\nevent: ${name}\ndata: ${JSON.stringify(operation)}\n\n`;
  }
}
