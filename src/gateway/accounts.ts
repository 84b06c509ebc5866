import type { FastifyReply, FastifyRequest } from 'fastify';
import { nanoid } from 'nanoid';
import { z } from 'zod';
import {
  type AccountId,
  accountIdOf,
  commands,
  isAccountId,
  opIdOf,
  parseAccountEdit,
  parseAccountOpen,
  parseFunding,
  type RefusalCode,
} from '../domain/index.js';
import type { AccountRow } from '../ledger/reads.js';
import { type Acceptance, type Accepted, isProblem } from './acceptance.js';
import type { App, GatewayDeps } from './app.js';
import { type Caller, roles } from './auth.js';
import { readBody } from './body.js';
import { idempotencyKeyOf, optionalIdempotencyKeyOf, versionOf, waitMsOf } from './idempotency.js';
import { limits } from './limits.js';
import { momentOf } from './moment.js';
import { acceptedAnswers, keyProblems, sendAccepted } from './payments.js';
import { problem } from './problems.js';
import * as schemas from './schemas.js';
import { accountPath, type AccountView, type BalanceView, viewOfAccount } from './views.js';

const { answers, bodyProblems } = schemas;
type Deps = Pick<GatewayDeps, 'reads'> & { readonly acceptance: Acceptance };

/** Accounts: opened, funded and edited by an admin; read by their owners and the tenant's staff. */
export function accountRoutes(app: App, deps: Deps): void {
  openRoute(app, deps);
  fundingRoute(app, deps);
  editRoute(app, deps);
  readRoutes(app, deps);
}

function openRoute(app: App, { reads, acceptance }: Deps): void {
  app.post(
    '/v1/accounts',
    {
      config: { access: ['admin'] },
      schema: {
        summary: 'Open an account',
        description: 'Again with the same id and body gives the same account.',
        tags: ['accounts'],
        headers: schemas.optionalKeyHeaders,
        querystring: schemas.noQuery,
        body: schemas.accountOpenBody,
        response: answers(
          { 201: ['Opened', schemas.accountBody], 202: ['Accepted', schemas.operationBody] },
          'account-exists',
          'idempotency-key-invalid',
          'idempotency-key-reused',
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      const { caller } = request;
      const key = optionalIdempotencyKeyOf(request.headers);
      const newId = () => accountIdOf(`acc_${key === undefined ? nanoid() : idOfKey(caller, key)}`);
      const keyOf = (account: AccountId) => key ?? `open:${account}`;
      const command = readBody(parseAccountOpen(request.body, newId, keyOf));
      const { account } = command.payload;
      const accepted = await acceptance
        .accept({
          caller,
          command,
          accounts: [account],
          admit: (accounts) => {
            if (accounts.has(account)) throw problem('account-exists');
          },
          options: { trace: request.trace.traceId },
          waitMs: limits.statementWaitMs,
        })
        .catch((error: unknown) => {
          const isTaken = key === undefined && isProblem(error, 'idempotency-key-reused');
          throw isTaken ? problem('account-exists') : error;
        });
      return sendAccount(request, reply, { reads, accepted, account, status: 201 });
    },
  );
}

function fundingRoute(app: App, { acceptance }: Deps): void {
  app.post(
    '/v1/accounts/:id/funding',
    {
      config: { access: ['admin'] },
      schema: {
        summary: 'Bring money into an account from outside',
        tags: ['accounts'],
        params: schemas.accountParams,
        headers: schemas.keyHeaders,
        querystring: schemas.noQuery,
        body: schemas.fundingBody,
        response: answers(
          acceptedAnswers,
          ...keyProblems,
          'account-unknown',
          'account-closed',
          'currency-mismatch',
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      const key = idempotencyKeyOf(request.headers);
      const account = idOf(request.params);
      const command = readBody(parseFunding(request.body, account, key));
      const accepted = await acceptance.accept({
        caller: request.caller,
        command,
        accounts: [account],
        admit: (accounts) => {
          const funded = known(accounts.get(account));
          if (funded.status === 'closed') throw problem('account-closed');
          if (funded.currency !== command.payload.currency) throw problem('currency-mismatch');
        },
        options: { trace: request.trace.traceId },
        waitMs: waitMsOf(request.headers),
      });
      return sendAccepted(request, reply, accepted);
    },
  );
}

function editRoute(app: App, { reads, acceptance }: Deps): void {
  app.patch(
    '/v1/accounts/:id',
    {
      config: { access: ['admin'] },
      schema: {
        summary: 'Freeze, close or reopen an account, or change its overdraft limit',
        tags: ['accounts'],
        params: schemas.accountParams,
        headers: schemas.editHeaders,
        querystring: schemas.noQuery,
        body: schemas.accountEditBody,
        response: answers(
          {
            200: ['Edited; its new version is in `ETag`', schemas.accountBody],
            202: ['Accepted', schemas.operationBody],
          },
          'if-match-required',
          'if-match-invalid',
          'stale-version',
          'account-unknown',
          'overdraft-limit-too-low',
          'idempotency-key-invalid',
          'idempotency-key-reused',
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      const version = versionOf(request.headers);
      const key = optionalIdempotencyKeyOf(request.headers) ?? `edit:${nanoid()}`;
      const account = idOf(request.params);
      const command = readBody(parseAccountEdit(request.body, account, version, key));
      const accepted = await acceptance.accept({
        caller: request.caller,
        command,
        accounts: [account],
        admit: (accounts) => {
          // Versions only grow: one that is stale now stays so.
          if (known(accounts.get(account)).version !== version) throw problem('stale-version');
        },
        options: { trace: request.trace.traceId },
        waitMs: limits.statementWaitMs,
      });
      return sendAccount(request, reply, { reads, accepted, account, status: 200 });
    },
  );
}

function readRoutes(app: App, { reads }: Deps): void {
  const find = async ({ caller, params }: { caller: Caller; params: { id: string } }) => {
    const account = known(await reads.account(caller.tenant, idOf(params)));
    const isTheirs = caller.role !== 'customer' || account.owner === caller.subject;
    if (!isTheirs) throw problem('account-unknown');
    return account;
  };

  app.get(
    '/v1/accounts/:id',
    {
      config: { access: roles },
      schema: {
        summary: 'An account and its balance now',
        tags: ['accounts'],
        params: schemas.accountParams,
        querystring: schemas.noQuery,
        response: answers(
          { 200: ['The account; its version is in `ETag` too', schemas.accountBody] },
          'account-unknown',
        ),
      },
    },
    async (request, reply) => {
      const account = await find(request);
      return reply.header('etag', etagOf(account)).send(viewOfAccount(account));
    },
  );

  app.get(
    '/v1/accounts/:id/balance',
    {
      config: { access: roles },
      schema: {
        summary: 'A balance, now or at a moment',
        description: 'The answer for a past moment is the same for ever.',
        tags: ['accounts'],
        params: schemas.accountParams,
        querystring: balanceQuery,
        response: answers(
          { 200: ['The balance', schemas.balanceBody] },
          'account-unknown',
          'at-invalid',
          'at-in-future',
        ),
      },
    },
    async (request): Promise<BalanceView> => {
      const { at } = request.query;
      const account = await find(request);
      const { id, currency, posted, held, available, version } = account;
      if (at === undefined) return { id, currency, posted, held, available, version };
      const moment = momentOf(at);
      if (moment === undefined) throw problem('at-invalid');
      const then = await reads.balanceAt(request.caller.tenant, id, moment);
      if (then === undefined) throw problem('account-unknown');
      if (then.kind === 'future') throw problem('at-in-future');
      const { kind: _, ...balance } = then;
      return { id, ...balance, at: moment };
    },
  );
}

const balanceQuery = z.strictObject({
  at: z.string().max(64).optional().meta({ description: 'RFC 3339', format: 'date-time' }),
});

/** The account after an operation that changed it; throws the problem of its refusal. */
async function sendAccount(
  request: FastifyRequest,
  reply: FastifyReply,
  done: {
    readonly reads: Deps['reads'];
    readonly accepted: Accepted;
    readonly account: AccountId;
    readonly status: 200 | 201;
  },
): Promise<FastifyReply> {
  const { operation } = done.accepted;
  if (operation.state === 'FAILED') throw problem(operation.outcome?.code as RefusalCode);
  if (operation.state !== 'COMPLETED') return sendAccepted(request, reply, done.accepted);
  const row = known(await done.reads.account(request.caller.tenant, done.account));
  if (done.accepted.replayed) reply.header('idempotency-replayed', 'true');
  reply.header('location', accountPath(row.id)).header('etag', etagOf(row));
  const view: AccountView = viewOfAccount(row);
  return reply.code(done.status).send(view);
}

function idOf({ id }: { id: string }): AccountId {
  if (!isAccountId(id)) throw problem('account-unknown');
  return id;
}

function known(account: AccountRow | undefined): AccountRow {
  if (account === undefined) throw problem('account-unknown');
  return account;
}

// A repetition under the same key must name the same account.
function idOfKey({ tenant, subject }: Caller, idemKey: string): string {
  return opIdOf({ tenant, principal: subject, ...commands.accountOpen, idemKey }).slice(3);
}

function etagOf({ version }: AccountRow): string {
  return `"${version}"`;
}
