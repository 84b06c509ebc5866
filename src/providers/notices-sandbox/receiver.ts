import type { FastifyInstance } from 'fastify';
import { Webhook } from 'standardwebhooks';
import { type SandboxDeps, struckRoute } from './struck-route.js';

/** `POST /hooks/{name}`: a receiver that follows Standard Webhooks, and takes an id once. */
export function receiverRoutes(
  app: FastifyInstance,
  deps: SandboxDeps,
  secrets: readonly Uint8Array[],
): void {
  const webhooks = secrets.map((secret) => new Webhook(secret, { format: 'raw' }));
  const nameOf = ({ params }: { params: unknown }) => (params as { readonly name: string }).name;

  app.post(
    '/hooks/:name',
    struckRoute(deps, problem, nameOf, async (request, fault) => {
      const text = JSON.stringify(request.body);
      const headers = request.headers as Record<string, string>;
      const notice = webhooks.map((one) => verified(one, text, headers)).find(Boolean);
      if (notice === undefined) return { status: 401, body: problem(401, 'signature-invalid') };
      if (fault?.fault === 'decline') {
        const status = Number(fault.declineCode ?? 410);
        return { status, body: problem(status, 'refused') };
      }
      const id = headers['webhook-id'] ?? '';
      const { deliveryId, subject, text: words } = notice.data;
      await deps.ledger.deliver(
        {
          ...{ channel: 'webhook', id, deliveryId, to: nameOf(request), text: words },
          ...(subject !== undefined && { subject }),
        },
        id,
      );
      return { status: 204, body: undefined };
    }),
  );
}

interface Notice {
  readonly data: { readonly deliveryId: string; readonly subject?: string; readonly text: string };
}

// The sender wrote it with JSON.stringify too: the same object is the same text.
function verified(
  webhook: Webhook,
  text: string,
  headers: Record<string, string>,
): Notice | undefined {
  try {
    return webhook.verify(text, headers) as Notice;
  } catch {
    return undefined;
  }
}

function problem(status: number, code: string): unknown {
  return { type: `urn:holdfast:notices-sandbox:${code}`, title: 'Refused', status, code };
}
