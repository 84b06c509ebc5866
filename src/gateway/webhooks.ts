import { confirms, isFinal, type OpId, type OutsideAnswer } from '../domain/index.js';
import type { StoredWebhook, WebhookVerdict } from '../ledger/index.js';
import type { WebhookEvent } from '../providers/webhook.js';
import { isProblem } from './acceptance.js';
import type { App, GatewayDeps } from './app.js';
import { takeBytes } from './body.js';
import { bounded } from './bounded.js';
import { limits } from './limits.js';
import { problem } from './problems.js';
import {
  noQuery,
  openAnswers,
  webhookBody,
  webhookHeaders,
  webhookParams,
  webhookStateBody,
} from './schemas.js';

/** Decides about evidence for an operation that ended without it; `eventId` is the provider's. */
export type JudgeLate = (
  ended: { readonly tenant: string; readonly opId: OpId },
  evidence: OutsideAnswer,
  eventId: string,
) => Promise<WebhookVerdict>;

type Deps = Pick<
  GatewayDeps,
  | 'client'
  | 'reads'
  | 'inbox'
  | 'judgeLate'
  | 'webhooks'
  | 'outageOf'
  | 'log'
  | 'metrics'
  | 'tracing'
>;
type ApplyDeps = Omit<Deps, 'webhooks'>;

/** Webhooks of providers: genuine, stored, and only then given to their operations. */
export async function webhookRoutes(app: App, deps: Deps): Promise<void> {
  await app.register(async (part) => {
    takeBytes(part);
    webhookRoute(part, deps);
  });
}

function webhookRoute(part: App, deps: Deps): void {
  const { webhooks, inbox, metrics } = deps;

  part.post(
    '/v1/webhooks/:provider',
    {
      config: { access: 'open', takesBytes: true },
      schema: {
        summary: 'Tell of something that a provider did',
        description:
          'Signed by the provider over the bytes of the body. A repetition does nothing.',
        tags: ['webhooks'],
        security: [],
        params: webhookParams,
        headers: webhookHeaders,
        querystring: noQuery,
        body: webhookBody,
        response: openAnswers({ 200: ['It is stored', webhookStateBody] }, ...webhookProblems),
      },
      // Before the body is read: nobody needs to send 64 KB to hear that we do not know him.
      onRequest: async ({ params }) => {
        if (!Object.hasOwn(webhooks, params.provider)) throw problem('provider-unknown');
      },
    },
    async (request) => {
      const { provider } = request.params;
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const event = webhooks[provider]?.read(bytes, request.headers, Date.now());
      if (event?.kind !== 'event') {
        metrics.count('webhooks', { provider, state: event?.kind ?? 'refused' });
        if (event?.kind === 'unreadable') throw problem('webhook-unreadable');
        throw problem(event?.code ?? 'signature-invalid', {}, { 'www-authenticate': challenge });
      }
      const stored = await inbox.record(toStore(provider, event));
      request.opId = stored.op?.opId;
      return { id: event.id, state: await apply(stored, deps, event.unfit) };
    },
  );
}

const challenge = 'Webhook-Signature';
const webhookProblems = [
  'signature-required',
  'signature-invalid',
  'timestamp-invalid',
  'provider-unknown',
  'webhook-unreadable',
  'body-too-large',
  'unavailable',
] as const;

/**
 * Applies what is stored and was never decided, since Temporal was away or a process died: so many
 * at most, oldest first. Gives how many it looked at. Throws when something is out of reach; what
 * fails by itself is logged and stays, and the others are applied.
 */
export async function applyWaiting(deps: ApplyDeps, limit: number): Promise<number> {
  const waiting = await deps.inbox.waiting(limit);
  for (const stored of waiting) {
    try {
      await apply(stored, deps);
    } catch (error) {
      if (isProblem(error, 'unavailable') || deps.outageOf(error) !== undefined) throw error;
      const { provider, eventId } = stored;
      deps.log.error({ err: error, provider, eventId }, 'webhook not applied');
    }
  }
  return waiting.length;
}

/** Gives a stored event to its operation, unless something was decided about it before. */
async function apply(
  stored: StoredWebhook,
  deps: ApplyDeps,
  unfit?: WebhookEvent['unfit'],
): Promise<StoredWebhook['state']> {
  if (stored.state !== 'received') return stored.state;
  const { provider, eventId, op } = stored;
  const verdict = unfit
    ? ({ state: 'held', reason: unfit } as const)
    : await inTraceOf(stored, deps, () => judge(stored, deps));
  const isOurs = await deps.inbox.decide(stored, verdict);
  if (isOurs) deps.metrics.count('webhooks', { provider, state: verdict.state });
  if (isOurs && 'reason' in verdict && verdict.reason !== 'already-known') {
    deps.log.warn({ module: 'gateway', provider, eventId, opId: op?.opId, ...verdict }, 'webhook');
  }
  if (isOurs) return verdict.state;
  // A repetition at the same moment came first, and its own evidence may have ended the operation.
  return (await deps.inbox.stateOf(stored)) ?? verdict.state;
}

/** In the trace of the operation, which began long before the provider told of it. */
function inTraceOf<Done>(
  { op, provider }: StoredWebhook,
  { tracing }: ApplyDeps,
  work: () => Promise<Done>,
): Promise<Done> {
  return op === null ? work() : tracing.inTrace(op.trace, `webhook ${provider}`, work);
}

async function judge(
  { evidence, op, eventId }: StoredWebhook,
  { client, reads, judgeLate }: ApplyDeps,
): Promise<WebhookVerdict> {
  if (evidence === null) return { state: 'ignored', reason: 'no-evidence' };
  if (op === null) return { state: 'held', reason: 'operation-unknown' };
  const { opId, tenant } = op;
  if (!isFinal(op.state)) {
    const isThere = await bounded(limits.temporalTimeoutMs, client.evidence(opId, evidence));
    if (isThere) return { state: 'applied' };
  }
  // It may have ended since it was matched, by the very same evidence.
  const ended = isFinal(op.state) ? op : await reads.operation(tenant, opId);
  // Temporal lost it, or somebody terminated it: it is not closed, so nothing is late.
  if (!ended?.outcome) return { state: 'held', reason: 'workflow-missing' };
  const isKnown = confirms(evidence, ended.outcome, op.known);
  if (isKnown) return { state: 'ignored', reason: 'already-known' };
  return judgeLate({ tenant, opId }, evidence, eventId);
}

// What is not for us is stored without its evidence, so that no sweep can apply it.
function toStore(provider: string, { id, type, reference, evidence, unfit, at }: WebhookEvent) {
  return {
    ...{ provider, eventId: id, type, at },
    ...(reference !== undefined && { reference }),
    ...(evidence !== undefined && unfit === undefined && { evidence }),
  };
}
