import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HoldAnswer } from '../client/index.js';
import {
  type OpId,
  parseCaptureWish,
  parseExtension,
  readObject,
  sha256Hex,
} from '../domain/index.js';
import type { App, GatewayDeps } from './app.js';
import { type Caller, roles } from './auth.js';
import { readBody } from './body.js';
import { bounded } from './bounded.js';
import { idempotencyKeyOf, unlessReused } from './idempotency.js';
import { limits } from './limits.js';
import { isWithinYear } from './moments.js';
import { createPaymentFinder, type FoundOperation } from './operations.js';
import { cancelBody, captureBody, extensionBody } from './payment-schemas.js';
import { keyProblems } from './payments.js';
import { problem } from './problems.js';
import {
  answers,
  bodyProblems,
  noQuery,
  onlyKeyHeaders,
  operationBody,
  operationParams,
} from './schemas.js';
import { operationPath } from './views.js';

type Deps = Pick<GatewayDeps, 'client' | 'reads'>;

/** Who is paid and who runs the place; a customer can withdraw, and no more. */
export const takers = ['merchant', 'operator', 'admin'] as const;

/** What can be done to a payment under way: captured, extended, withdrawn. */
export function holdRoutes(app: App, deps: Deps): void {
  captureRoute(app, deps);
  extendRoute(app, deps);
  cancelRoute(app, deps);
}

function captureRoute(app: App, { client, reads }: Deps): void {
  const find = createPaymentFinder({ client, reads });

  app.post(
    '/v1/payments/:opId/capture',
    {
      config: { access: takers },
      schema: {
        summary: 'Take held money, all of it or part',
        description: 'It is carried out after the answer; the history shows how it went.',
        tags: ['payments'],
        params: operationParams,
        headers: onlyKeyHeaders,
        querystring: noQuery,
        body: captureBody.optional(),
        response: answers(
          { 202: ['It will be taken', operationBody] },
          ...(['operation-unknown', 'invalid-state', 'capture-exceeds-hold'] as const),
          ...keyProblems,
          ...bodyProblems,
        ),
      },
    },
    (request, reply) =>
      tellWish(request, reply, {
        find,
        read: () => readBody(parseCaptureWish(request.body ?? {})),
        tell: client.capture,
      }),
  );
}

function extendRoute(app: App, { client, reads }: Deps): void {
  const find = createPaymentFinder({ client, reads });

  app.post(
    '/v1/payments/:opId/extend',
    {
      config: { access: takers },
      schema: {
        summary: 'Let a hold end at another moment',
        description: 'As late as the provider keeps what it authorised.',
        tags: ['payments'],
        params: operationParams,
        headers: onlyKeyHeaders,
        querystring: noQuery,
        body: extensionBody,
        response: answers(
          { 202: ['It will end then', operationBody] },
          ...(['operation-unknown', 'invalid-state', 'hold-too-long', 'moment-past'] as const),
          ...keyProblems,
          ...bodyProblems,
        ),
      },
    },
    (request, reply) =>
      tellWish(request, reply, {
        find,
        read: () => {
          const expiresAt = readBody(parseExtension(request.body));
          // Whether it is past the payment judges, so that a late repetition is one all the same.
          if (!isWithinYear(expiresAt, Date.now())) throw problem('hold-too-long');
          return expiresAt;
        },
        tell: client.extend,
      }),
  );
}

function cancelRoute(app: App, { client, reads }: Deps): void {
  const find = createPaymentFinder({ client, reads });

  app.post(
    '/v1/payments/:opId/cancel',
    {
      config: { access: roles },
      schema: {
        summary: 'Withdraw a payment whose charge has not begun, or let go of what it holds',
        description: 'What is held can be let go until its last capture; what was captured stays.',
        tags: ['payments'],
        params: operationParams,
        querystring: noQuery,
        body: cancelBody.optional(),
        response: answers(
          { 202: ['No more of it will be taken', operationBody] },
          'operation-unknown',
          'invalid-state',
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      readBody(parseCancel(request.body ?? {}));
      const { caller, params } = request;
      const { opId } = await find(caller, params.opId);
      request.opId = opId;
      const answer = await bounded(limits.temporalTimeoutMs, client.withdraw(opId));
      const now = await find(caller, opId);
      if (answer.kind !== 'accepted' && now.outcome?.code !== 'withdrawn') {
        throw problem('invalid-state');
      }
      return sendWished(reply, now);
    },
  );
}

/** Answers a wish that won. */
export function sendWished(reply: FastifyReply, payment: FoundOperation): FastifyReply {
  return reply.code(202).header('location', operationPath(payment.opId)).send(payment);
}

/**
 * A key names a wish of one caller about one payment. Its first answer is the answer for ever: also
 * after the payment has ended, for as long as Temporal retains it. After that nobody knows whether
 * that key had won, and it is `invalid-state` as for any wish that comes too late.
 */
function wishKeyOf({ subject }: Caller, key: string): string {
  return sha256Hex(JSON.stringify([subject, key]));
}

interface Telling<Wish> {
  readonly find: ReturnType<typeof createPaymentFinder>;
  /** Reads what is wished for, after the key; throws the problem of what it cannot read. */
  readonly read: () => Wish;
  readonly tell: (opId: OpId, wish: Wish, key: string) => Promise<HoldAnswer>;
}

/** Tells a payment a wish under the caller's key, and answers with how it stands. */
export async function tellWish<Wish>(
  request: FastifyRequest & { readonly params: { readonly opId: string } },
  reply: FastifyReply,
  { find, read, tell }: Telling<Wish>,
): Promise<FastifyReply> {
  const { caller, params } = request;
  const key = wishKeyOf(caller, idempotencyKeyOf(request.headers));
  const wish = read();
  const { opId } = await find(caller, params.opId);
  request.opId = opId;
  const told = unlessReused(tell(opId, wish, key));
  const answer = await bounded(limits.temporalTimeoutMs, told);
  if (answer.kind === 'refused') throw problem(answer.code);
  return sendWished(reply, await find(caller, opId));
}

const reasonLengthMax = 500;

function parseCancel(body: unknown) {
  return readObject(body, ['reason'], (read) =>
    read.optional('reason', (path) => read.text(path, reasonLengthMax)),
  );
}
