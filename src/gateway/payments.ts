import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type AccountId,
  isMoneyRefusal,
  type OpId,
  type PaymentPayload,
  parsePaymentCommand,
  type RefusalCode,
} from '../domain/index.js';
import type { AccountRow } from '../ledger/reads.js';
import type { Acceptance, Accepted } from './acceptance.js';
import type { App } from './app.js';
import { type Caller, roles } from './auth.js';
import { readBody } from './body.js';
import { idempotencyKeyOf, waitMsOf } from './idempotency.js';
import { requireNear } from './moments.js';
import { paymentBody } from './payment-schemas.js';
import { problem } from './problems.js';
import { answers, bodyProblems, keyHeaders, noQuery, operationBody } from './schemas.js';
import { operationPath, type OperationView } from './views.js';

/** Payments, asked for. */
export function paymentRoutes(app: App, { acceptance }: { acceptance: Acceptance }): void {
  app.post(
    '/v1/payments',
    {
      config: { access: roles },
      schema: {
        summary: 'Ask for a payment',
        description:
          'Accepted is durable: the payment ends settled, refused, or in front of a person.',
        tags: ['payments'],
        headers: keyHeaders,
        querystring: noQuery,
        body: paymentBody,
        response: answers(
          acceptedAnswers,
          ...keyProblems,
          ...payerProblems,
          'moment-past',
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      const { caller } = request;
      const asked = parsePaymentCommand(request.body, idempotencyKeyOf(request.headers));
      const { command, timeBudgetMs, sealed } = readBody(asked);
      const { account, payTo } = command.payload;
      const accepted = await acceptance.accept({
        caller,
        command,
        accounts: payTo === undefined ? [account] : [account, payTo],
        admit: (accounts) => {
          requirePayable(caller, command.payload, accounts);
          requireNear(command.payload, Date.now());
        },
        options: {
          timeBudget: timeBudgetMs,
          trace: request.trace.traceId,
          ...(sealed !== undefined && { sealed }),
        },
        waitMs: waitMsOf(request.headers),
      });
      return sendAccepted(request, reply, accepted);
    },
  );
}

/** Answers an accepted operation: 202, or once it has ended 200, or 402 when money was refused. */
export function sendAccepted(
  request: FastifyRequest,
  reply: FastifyReply,
  { operation, replayed }: Accepted,
): FastifyReply {
  request.opId = operation.opId as OpId;
  if (replayed) reply.header('idempotency-replayed', 'true');
  reply.header('location', operationPath(operation.opId));
  return reply.code(waitMsOf(request.headers) > 0 ? statusOf(operation) : 202).send(operation);
}

/** The answers of a request that may end while it waits. */
export const acceptedAnswers: Parameters<typeof answers>[0] = {
  200: ['With `Prefer: wait`: it has ended', operationBody],
  202: ['Accepted; its end is at `Location`', operationBody],
  402: ['With `Prefer: wait`: it has ended, refused for want of money', operationBody],
};

/** What can be wrong with the key. */
export const keyProblems = [
  'idempotency-key-required',
  'idempotency-key-invalid',
  'idempotency-key-reused',
] as const;

/** What can be wrong with who pays, and who is paid. */
export const payerProblems = [
  'account-unknown',
  'account-closed',
  'account-frozen',
  'currency-mismatch',
  'same-account',
] as const;

function statusOf({ state, outcome }: OperationView): number {
  if (state === 'COMPLETED') return 200;
  if (state !== 'FAILED') return 202;
  return isMoneyRefusal(outcome?.code as RefusalCode) ? 402 : 200;
}

/** Refuses early what the ledger would refuse too; the ledger alone decides. */
export function requirePayable(
  { role, subject }: Caller,
  { account, payTo, currency }: Pick<PaymentPayload, 'account' | 'payTo' | 'currency'>,
  accounts: ReadonlyMap<AccountId, AccountRow>,
): void {
  const payer = accounts.get(account);
  const isTheirs = role !== 'customer' || payer?.owner === subject;
  if (payer === undefined || !isTheirs) throw problem('account-unknown');
  const payee = payTo === undefined ? undefined : accounts.get(payTo);
  if (payTo !== undefined && payee === undefined) throw problem('account-unknown');
  if (account === payTo) throw problem('same-account');
  if (payer.status === 'closed' || payee?.status === 'closed') throw problem('account-closed');
  if (payer.status === 'frozen') throw problem('account-frozen');
  if ([payer, payee ?? payer].some((one) => one.currency !== currency)) {
    throw problem('currency-mismatch');
  }
}
