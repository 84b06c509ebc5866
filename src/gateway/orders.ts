import { parseOrderCommand } from '../domain/index.js';
import type { Acceptance } from './acceptance.js';
import type { App } from './app.js';
import { roles } from './auth.js';
import { readBody } from './body.js';
import { idempotencyKeyOf } from './idempotency.js';
import { orderBody } from './order-schemas.js';
import { acceptPaid, paidRoute } from './several-steps.js';

/** Orders: done whole, or given back. */
export function orderRoutes(app: App, { acceptance }: { acceptance: Acceptance }): void {
  app.post(
    '/v1/orders',
    {
      config: { access: roles },
      schema: {
        summary: 'Ask for an order',
        description: 'It ends done, or refused with all of it given back.',
        tags: ['orders'],
        body: orderBody,
        ...paidRoute,
      },
    },
    async (request, reply) => {
      const asked = parseOrderCommand(request.body, idempotencyKeyOf(request.headers));
      return acceptPaid(acceptance, request, reply, readBody(asked));
    },
  );
}
