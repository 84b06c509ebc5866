import { parseMethodChoice } from '../domain/index.js';
import type { App, GatewayDeps } from './app.js';
import { roles } from './auth.js';
import { readBody } from './body.js';
import { bounded } from './bounded.js';
import { requireAccepted, sendWished, wishKeyOf } from './holds.js';
import { idempotencyKeyOf, unlessReused } from './idempotency.js';
import { limits } from './limits.js';
import { createPaymentFinder } from './operations.js';
import { methodBody } from './payment-schemas.js';
import { keyProblems } from './payments.js';
import {
  answers,
  bodyProblems,
  noQuery,
  onlyKeyHeaders,
  operationBody,
  operationParams,
} from './schemas.js';

/** What a customer may choose while the provider is not asked. */
export function methodRoutes(app: App, { client, reads }: Pick<GatewayDeps, 'client' | 'reads'>) {
  const find = createPaymentFinder({ client, reads });

  app.post(
    '/v1/payments/:opId/method',
    {
      config: { access: roles },
      schema: {
        summary: 'Choose another method for a deferred payment',
        description:
          'Only while it waits deferred, and nothing was sent. Cancel withdraws it instead.',
        tags: ['payments'],
        params: operationParams,
        headers: onlyKeyHeaders,
        querystring: noQuery,
        body: methodBody,
        response: answers(
          { 202: ['It takes that way', operationBody] },
          ...(['operation-unknown', 'invalid-state', 'not-supported'] as const),
          ...keyProblems,
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      const { caller, params } = request;
      const key = wishKeyOf(caller, idempotencyKeyOf(request.headers));
      const method = readBody(parseMethodChoice(request.body));
      const { opId } = await find(caller, params.opId);
      request.opId = opId;
      const chosen = unlessReused(client.chooseMethod(opId, method, key));
      requireAccepted(await bounded(limits.temporalTimeoutMs, chosen));
      return sendWished(reply, await find(caller, opId));
    },
  );
}
