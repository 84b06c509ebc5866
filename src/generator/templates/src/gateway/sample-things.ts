import { parseSampleThingCommand } from '../domain/index.js';
import type { Acceptance } from './acceptance.js';
import type { App } from './app.js';
import { roles } from './auth.js';
import { readBody } from './body.js';
import { idempotencyKeyOf } from './idempotency.js';
import { sampleThingBody } from './sample-thing-schemas.js';
import { acceptPaid, paidRoute } from './several-steps.js';

/** Sample things: done whole, or given back. */
export function sampleThingRoutes(app: App, { acceptance }: { acceptance: Acceptance }): void {
  app.post(
    '/v1/sample-things',
    {
      config: { access: roles },
      schema: {
        summary: 'Ask for a sample thing',
        description: 'It ends done, or refused with all of it given back.',
        tags: ['sample-things'],
        body: sampleThingBody,
        ...paidRoute,
      },
    },
    async (request, reply) => {
      const asked = parseSampleThingCommand(request.body, idempotencyKeyOf(request.headers));
      return acceptPaid(acceptance, request, reply, readBody(asked));
    },
  );
}
