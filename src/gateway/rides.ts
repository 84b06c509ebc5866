import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  cancelFeeMax,
  parseRideCancel,
  parseRideCommand,
  parseRideCompletion,
  parseRideMatch,
  type RideAnswer,
} from '../domain/index.js';
import type { AccountRow } from '../ledger/reads.js';
import type { Acceptance } from './acceptance.js';
import type { App, GatewayDeps } from './app.js';
import { readBody } from './body.js';
import { bounded } from './bounded.js';
import { sendWished } from './holds.js';
import { idempotencyKeyOf, waitMsOf } from './idempotency.js';
import { limits } from './limits.js';
import { createOperationFinder } from './operations.js';
import { acceptedAnswers, keyProblems, sendAccepted } from './payments.js';
import { problem } from './problems.js';
import * as bodies from './ride-schemas.js';
import * as schemas from './schemas.js';
import type { OperationView } from './views.js';

const { answers, bodyProblems, operationBody } = schemas;
type Deps = Pick<GatewayDeps, 'client' | 'reads'> & { readonly acceptance: Acceptance };
type Ride = OperationView & { readonly opId: Parameters<GatewayDeps['client']['verify']>[0] };

/** Fares are a business's to name, never a rider's. */
const businesses = ['merchant', 'operator', 'admin'] as const;
const tags = ['rides'];

/** Rides: asked for, matched with a driver, and completed or cancelled. */
export function rideRoutes(app: App, deps: Deps): void {
  requestRoute(app, deps);
  matchRoute(app, deps);
  completeRoute(app, deps);
  cancelRoute(app, deps);
}

function requestRoute(app: App, { acceptance }: Deps): void {
  app.post(
    '/v1/rides',
    {
      config: { access: businesses },
      schema: {
        summary: 'Ask for a ride',
        description:
          'Nothing is held until a driver is found, within 5 minutes. The operation calls the' +
          ' rider `account` and the estimate `amount`.',
        tags,
        headers: schemas.keyHeaders,
        querystring: schemas.noQuery,
        body: bodies.rideBody,
        response: answers(acceptedAnswers, ...keyProblems, ...accountProblems, ...bodyProblems),
      },
    },
    async (request, reply) => {
      const key = idempotencyKeyOf(request.headers);
      const command = readBody(parseRideCommand(request.body, key));
      const { account, currency } = command.payload;
      const accepted = await acceptance.accept({
        caller: request.caller,
        command,
        accounts: [account],
        admit: (accounts) => {
          if (required(accounts.get(account), currency).status === 'frozen') {
            throw problem('account-frozen');
          }
        },
        options: { trace: request.trace.traceId },
        waitMs: waitMsOf(request.headers),
      });
      return sendAccepted(request, reply, accepted);
    },
  );
}

function matchRoute(app: App, deps: Deps): void {
  const find = createOperationFinder(deps);
  app.post(
    '/v1/rides/:opId/match',
    {
      config: { access: businesses },
      schema: {
        ...wishSchema('Say who drives', 'same-account', ...accountProblems),
        description:
          'The estimate is authorised within 30 s, or the ride ends. With a `destination` the' +
          ' driver is paid out once the fare is settled.',
        body: bodies.rideMatchBody,
      },
    },
    async (request, reply) => {
      const found = readBody(parseRideMatch(request.body));
      const { caller, params } = request;
      const ride = rideOf(await find(caller, params.opId));
      const driver = await deps.reads.account(caller.tenant, found.driver);
      required(driver, ride.currency);
      return tell(request, reply, { ride, find }, deps.client.matchRide(ride.opId, found));
    },
  );
}

function completeRoute(app: App, deps: Deps): void {
  const find = createOperationFinder(deps);
  app.post(
    '/v1/rides/:opId/complete',
    {
      config: { access: businesses },
      schema: {
        ...wishSchema('Take the fare of a ride', 'capture-exceeds-hold'),
        description:
          'A fare beyond the estimate and what the provider tolerates is taken in two charges.' +
          ' One that the rider does not have is not taken, and the ride goes on.',
        body: bodies.rideCompletionBody,
      },
    },
    async (request, reply) => {
      const amount = readBody(parseRideCompletion(request.body));
      const ride = rideOf(await find(request.caller, request.params.opId));
      return tell(request, reply, { ride, find }, deps.client.completeRide(ride.opId, amount));
    },
  );
}

function cancelRoute(app: App, deps: Deps): void {
  const find = createOperationFinder(deps);
  app.post(
    '/v1/rides/:opId/cancel',
    {
      config: { access: businesses },
      schema: {
        ...wishSchema('Cancel a ride, and say by whom'),
        description:
          `By the rider, once it is booked, it takes at most ${cancelFeeMax} minor units as a fee` +
          ' and ends settled. By the driver it never does.',
        body: bodies.rideCancelBody,
      },
    },
    async (request, reply) => {
      const by = readBody(parseRideCancel(request.body));
      const ride = rideOf(await find(request.caller, request.params.opId));
      return tell(request, reply, { ride, find }, deps.client.cancelRide(ride.opId, by));
    },
  );
}

const accountProblems = [
  'account-unknown',
  'account-closed',
  'account-frozen',
  'currency-mismatch',
] as const;

function wishSchema(summary: string, ...codes: Parameters<typeof problem>[0][]) {
  return {
    summary,
    tags,
    params: schemas.operationParams,
    querystring: schemas.noQuery,
    response: answers(
      { 202: ['It won; what becomes of it is at `Location`', operationBody] },
      'operation-unknown',
      'invalid-state',
      ...codes,
      ...bodyProblems,
    ),
  };
}

/** Tells the ride, and answers with how it stands; throws the problem of its refusal. */
async function tell(
  request: FastifyRequest,
  reply: FastifyReply,
  { ride, find }: { ride: Ride; find: ReturnType<typeof createOperationFinder> },
  told: Promise<RideAnswer>,
): Promise<FastifyReply> {
  request.opId = ride.opId;
  const answer = await bounded(limits.temporalTimeoutMs, told);
  if (answer.kind === 'refused') throw problem(answer.code);
  return sendWished(reply, await find(request.caller, ride.opId));
}

/** The operation, if it is a ride. */
function rideOf<Found extends OperationView>(found: Found): Found {
  if (found.domain !== 'Ride') throw problem('operation-unknown');
  return found;
}

/** Refuses early what the ledger would refuse too; the ledger alone decides. */
function required(account: AccountRow | undefined, currency: string | undefined): AccountRow {
  if (account === undefined) throw problem('account-unknown');
  if (account.status === 'closed') throw problem('account-closed');
  if (account.currency !== currency) throw problem('currency-mismatch');
  return account;
}
