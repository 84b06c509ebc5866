import { type AccountId, parsePayoutCommand, type PayoutPayload } from '../domain/index.js';
import type { AccountRow } from '../ledger/reads.js';
import type { Acceptance } from './acceptance.js';
import type { App } from './app.js';
import type { Caller } from './auth.js';
import { readBody } from './body.js';
import { takers } from './holds.js';
import { idempotencyKeyOf, waitMsOf } from './idempotency.js';
import { payoutBody } from './payment-schemas.js';
import { acceptedAnswers, keyProblems, sendAccepted } from './payments.js';
import { problem } from './problems.js';
import { answers, bodyProblems, keyHeaders, noQuery } from './schemas.js';

/** Payouts: money of an account, sent out. */
export function payoutRoutes(app: App, { acceptance }: { acceptance: Acceptance }): void {
  app.post(
    '/v1/payouts',
    {
      config: { access: takers },
      schema: {
        summary: 'Send money out',
        description: 'A merchant sends out of its own accounts; the staff out of any.',
        tags: ['payouts'],
        headers: keyHeaders,
        querystring: noQuery,
        body: payoutBody,
        response: answers(
          acceptedAnswers,
          ...(['account-unknown', 'account-closed', 'account-frozen'] as const),
          ...(['currency-mismatch', ...keyProblems, ...bodyProblems] as const),
        ),
      },
    },
    async (request, reply) => {
      const { caller } = request;
      const asked = parsePayoutCommand(request.body, idempotencyKeyOf(request.headers));
      const command = readBody(asked);
      const accepted = await acceptance.accept({
        caller,
        command,
        accounts: [command.payload.account],
        admit: (accounts) => requireSendable(caller, command.payload, accounts),
        options: { trace: request.trace.traceId },
        waitMs: waitMsOf(request.headers),
      });
      return sendAccepted(request, reply, accepted);
    },
  );
}

/** Refuses early what the ledger would refuse too; the ledger alone decides. */
function requireSendable(
  { role, subject }: Caller,
  { account, currency }: PayoutPayload,
  accounts: ReadonlyMap<AccountId, AccountRow>,
): void {
  const from = accounts.get(account);
  const isTheirs = role !== 'merchant' || from?.owner === subject;
  if (from === undefined || !isTheirs) throw problem('account-unknown');
  if (from.status === 'closed') throw problem('account-closed');
  if (from.status === 'frozen') throw problem('account-frozen');
  if (from.currency !== currency) throw problem('currency-mismatch');
}
