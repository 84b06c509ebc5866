import { parseMethodChoice } from '../domain/index.js';
import type { App, GatewayDeps } from './app.js';
import { roles } from './auth.js';
import { readBody } from './body.js';
import { tellWish } from './holds.js';
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
    (request, reply) =>
      tellWish(request, reply, {
        find,
        read: () => readBody(parseMethodChoice(request.body)),
        tell: client.chooseMethod,
      }),
  );
}
