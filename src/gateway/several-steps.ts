import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Command, MoneyAsked } from '../domain/index.js';
import type { Acceptance } from './acceptance.js';
import { waitMsOf } from './idempotency.js';
import {
  acceptedAnswers,
  keyProblems,
  payerProblems,
  requirePayable,
  sendAccepted,
} from './payments.js';
import {
  accountId,
  amount,
  answers,
  bodyProblems,
  currency,
  keyHeaders,
  label,
  noQuery,
} from './schemas.js';

// Operations that take their money in a payment: what all of them take, and how they are accepted.

/** The fields of every such operation. */
export const moneyBody = {
  account: accountId.meta({ description: 'Who pays' }),
  amount,
  currency,
  payTo: accountId.optional().meta({ description: "Who receives; the tenant's merchant account" }),
  bizKey: label.optional().meta({ description: 'Names the business thing' }),
};

/** The rest of the schema of the route that asks for one. */
export const paidRoute = {
  headers: keyHeaders,
  querystring: noQuery,
  response: answers(acceptedAnswers, ...keyProblems, ...payerProblems, ...bodyProblems),
};

/** Accepts one whose payer may pay, and answers with it. */
export async function acceptPaid(
  acceptance: Acceptance,
  request: FastifyRequest,
  reply: FastifyReply,
  command: Command<MoneyAsked>,
): Promise<FastifyReply> {
  const { caller } = request;
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
}
