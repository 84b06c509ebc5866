import { parseRefundCommand, type RefundPayload } from '../domain/index.js';
import type { Acceptance } from './acceptance.js';
import type { App, GatewayDeps } from './app.js';
import { readBody } from './body.js';
import { takers } from './holds.js';
import { idempotencyKeyOf, waitMsOf } from './idempotency.js';
import { createPaymentFinder, type FoundOperation } from './operations.js';
import { refundBody } from './payment-schemas.js';
import { acceptedAnswers, keyProblems, sendAccepted } from './payments.js';
import { problem } from './problems.js';
import { answers, bodyProblems, keyHeaders, noQuery, operationParams } from './schemas.js';

type Deps = Pick<GatewayDeps, 'client' | 'reads'> & { readonly acceptance: Acceptance };

/** Refunds: captured money of a payment, back to who paid. */
export function refundRoutes(app: App, { client, reads, acceptance }: Deps): void {
  const find = createPaymentFinder({ client, reads });

  app.post(
    '/v1/payments/:opId/refunds',
    {
      config: { access: takers },
      schema: {
        summary: 'Give captured money back',
        description: 'An operation of its own; several of a payment give back what was captured.',
        tags: ['payments'],
        params: operationParams,
        headers: keyHeaders,
        querystring: noQuery,
        body: refundBody.optional(),
        response: answers(
          acceptedAnswers,
          ...(['operation-unknown', 'invalid-state', 'refund-exceeds-captured'] as const),
          ...keyProblems,
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      const { caller, params } = request;
      const key = idempotencyKeyOf(request.headers);
      const payment = await find(caller, params.opId);
      const asked = parseRefundCommand(request.body ?? {}, key, paidOf(payment));
      const { command, sealed } = readBody(asked);
      const accepted = await acceptance.accept({
        caller,
        command,
        accounts: [],
        admit: () => requireRefundable(payment, command.payload.amount),
        options: { trace: request.trace.traceId, ...(sealed !== undefined && { sealed }) },
        waitMs: waitMsOf(request.headers),
      });
      return sendAccepted(request, reply, accepted);
    },
  );
}

function paidOf({ opId, account, currency }: FoundOperation) {
  return { payment: opId, account, currency } as Omit<RefundPayload, 'amount'>;
}

/** Refuses early what the ledger would refuse too; it alone knows what went back by now. */
function requireRefundable({ outcome }: FoundOperation, amount: number | undefined): void {
  if (outcome?.kind !== 'settled') throw problem('invalid-state');
  if (amount !== undefined && amount > (outcome.amount ?? Infinity)) {
    throw problem('refund-exceeds-captured');
  }
}
