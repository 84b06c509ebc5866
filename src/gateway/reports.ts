import { z } from 'zod';
import type { App, GatewayDeps } from './app.js';
import { takeBytes } from './body.js';
import { bounded } from './bounded.js';
import { limits } from './limits.js';
import { problem } from './problems.js';
import { openAnswers } from './schemas.js';

type Deps = Pick<GatewayDeps, 'client' | 'noticeDesk' | 'reports' | 'metrics'>;

/** What the providers of channels tell of deliveries: genuine, written down, and then passed on. */
export async function reportRoutes(app: App, deps: Deps): Promise<void> {
  await app.register(async (part) => {
    takeBytes(part);
    for (const [provider, reader] of Object.entries(deps.reports)) {
      if (reader !== undefined) reportRoute(part, deps, provider, reader);
    }
  });
}

function reportRoute(
  part: App,
  { client, noticeDesk, metrics }: Deps,
  provider: string,
  reader: NonNullable<GatewayDeps['reports'][string]>,
): void {
  part.post(
    `/v1/webhooks/${provider}`,
    {
      config: { access: 'open', takesBytes: true },
      schema: {
        summary: 'Tell what became of a delivery',
        description: 'Signed by the provider. A repetition does nothing.',
        tags: ['webhooks'],
        security: [],
        querystring: z.strictObject({ delivery: z.string().max(128).optional() }),
        response: openAnswers({ 204: ['It is written down', z.undefined()] }, ...reportProblems),
      },
    },
    async (request, reply) => {
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const [, query = ''] = request.raw.url?.split(/(?=\?)/) ?? [];
      const report = reader.read(bytes, request.headers, query);
      const state = report.kind === 'report' ? 'applied' : report.kind;
      metrics.count('webhooks', { provider, state });
      if (report.kind === 'unreadable') throw problem('webhook-unreadable');
      if (report.kind === 'refused') throw problem(report.code);
      const { deliveryId, cause } = report;
      request.opId = await noticeDesk.report(deliveryId, report.state, cause);
      // Who waits to hear whether it was taken hears of it at once; who has ended needs not.
      if (request.opId) await bounded(limits.temporalTimeoutMs, client.verify(request.opId));
      return reply.code(204).send();
    },
  );
}

const reportProblems = [
  'signature-required',
  'signature-invalid',
  'timestamp-invalid',
  'webhook-unreadable',
  'body-too-large',
  'unavailable',
] as const;
