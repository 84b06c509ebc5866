import { parseOrderCommand } from '../domain/index.js';
import type { Acceptance } from './acceptance.js';
import type { App } from './app.js';
import { roles } from './auth.js';
import { readBody } from './body.js';
import { idempotencyKeyOf, waitMsOf } from './idempotency.js';
import { orderBody } from './order-schemas.js';
import {
  acceptedAnswers,
  keyProblems,
  payerProblems,
  requirePayable,
  sendAccepted,
} from './payments.js';
import { answers, bodyProblems, keyHeaders, noQuery } from './schemas.js';

/** Orders: paid for, reserved and shipped, or given back. */
export function orderRoutes(app: App, { acceptance }: { acceptance: Acceptance }): void {
  app.post(
    '/v1/orders',
    {
      config: { access: roles },
      schema: {
        summary: 'Ask for an order',
        description: 'It ends done, or refused with all of it given back.',
        tags: ['orders'],
        headers: keyHeaders,
        querystring: noQuery,
        body: orderBody,
        response: answers(acceptedAnswers, ...keyProblems, ...payerProblems, ...bodyProblems),
      },
    },
    async (request, reply) => {
      const { caller } = request;
      const asked = parseOrderCommand(request.body, idempotencyKeyOf(request.headers));
      const command = readBody(asked);
      const { account, payTo } = command.payload;
      const accepted = await acceptance.accept({
        caller,
        command,
        accounts: payTo === undefined ? [account] : [account, payTo],
        admit: (accounts) => requirePayable(caller, command.payload, accounts),
        options: { trace: request.trace.traceId },
        waitMs: waitMsOf(request.headers),
      });
      return sendAccepted(request, reply, accepted);
    },
  );
}
