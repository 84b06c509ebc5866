import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isIdemKey, type Parsed, readObject } from '../../domain/index.js';
import type { Position } from './book.js';
import type { ChargeOrder, Charges } from './charges.js';
import type { SandboxFault } from './fault-rule.js';
import { bendOf, type Faults } from './faults.js';
import { type Answer, answerUnder } from './misbehave.js';
import { sendProblem } from './problems.js';

/** The routes that move or show money; faults strike these only. */
export function chargeRoutes(
  app: FastifyInstance,
  deps: {
    readonly charges: Charges;
    readonly faults: Faults;
    readonly closing: AbortSignal;
    readonly onFault: (request: FastifyRequest, fault: SandboxFault) => void;
  },
): void {
  const { charges, faults, closing, onFault } = deps;

  /** One route under faults; `act` gives the answer, or sends a problem and gives undefined. */
  function route(
    act: (
      request: FastifyRequest,
      reply: FastifyReply,
      fault: SandboxFault | undefined,
    ) => Promise<Answer | undefined> | Answer | undefined,
  ) {
    return (request: FastifyRequest, reply: FastifyReply) => {
      const fault = faults.strike(callOf(request));
      if (fault !== undefined) onFault(request, fault);
      return answerUnder(fault, reply, closing, async () => act(request, reply, fault));
    };
  }

  app.post(
    '/charges',
    route((request, reply, fault) => postCharge(charges, request, reply, fault)),
  );

  app.get(
    '/charges',
    route((request, reply) => {
      const { reference, since } = request.query as Record<string, unknown>;
      if (since === undefined && isReference(reference)) {
        return { status: 200, body: { data: charges.byReference(reference) } };
      }
      const position = reference === undefined ? positionOf(since) : undefined;
      if (position === undefined) return refuse(reply, 400, 'query-invalid');
      const { data, next } = charges.since(position);
      return { status: 200, body: { data, next: next && `${next.changedAt}.${next.index}` } };
    }),
  );

  app.get(
    '/charges/:id',
    route((request, reply) => {
      const charge = charges.byId((request.params as { id: string }).id);
      return charge ? { status: 200, body: charge } : refuse(reply, 404, 'not-found');
    }),
  );
}

async function postCharge(
  charges: Charges,
  request: FastifyRequest,
  reply: FastifyReply,
  fault: SandboxFault | undefined,
): Promise<Answer | undefined> {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return refuse(reply, 400, 'idempotency-key-required');
  if (!isIdemKey(key)) return refuse(reply, 400, 'idempotency-key-invalid');
  const { body } = request;
  if (fieldOf(body, 'capture') === false) return refuse(reply, 400, 'capture-not-supported');
  const order = parseOrder(body);
  if (!order.ok) {
    sendProblem(reply, 400, 'body-invalid', order.faults);
    return undefined;
  }
  const { amount, currency } = order.value;
  const charged = await charges.charge(
    order.value,
    key,
    bendOf(fault, { minor: amount, currency }),
  );
  if (charged === undefined) return refuse(reply, 409, 'idempotency-key-reused');
  return {
    status: 201,
    headers: {
      location: `/charges/${charged.view.id}`,
      ...(charged.replayed && { 'idempotency-replayed': 'true' }),
    },
    body: charged.view,
  };
}

function refuse(reply: FastifyReply, status: number, code: Parameters<typeof sendProblem>[2]) {
  sendProblem(reply, status, code);
  return undefined;
}

function parseOrder(body: unknown): Parsed<ChargeOrder> {
  const fields = ['reference', 'amount', 'currency', 'capture', 'metadata'];
  return readObject(body, fields, (read) => {
    if (fieldOf(body, 'capture') !== true) read.fault('capture', 'field-invalid');
    const reference = read.label('reference', 255);
    if (reference !== '' && !isIdemKey(reference)) read.fault('reference', 'text-invalid');
    const metadata = read.optional('metadata', read.texts);
    return {
      reference,
      amount: read.amount('amount'),
      currency: read.currency('currency'),
      ...(metadata !== undefined && { metadata }),
    };
  });
}

/** Lenient, for a fault may strike a request that would be refused. */
function callOf(request: FastifyRequest) {
  const reference =
    fieldOf(request.body, 'reference') ?? fieldOf(request.query, 'reference') ?? undefined;
  const amount = fieldOf(request.body, 'amount');
  return {
    method: request.method,
    path: request.url.split('?', 1)[0] ?? '',
    ...(typeof reference === 'string' && { reference }),
    ...(typeof amount === 'number' && { amount }),
  };
}

function isReference(text: unknown): text is string {
  return typeof text === 'string' && /^[A-Za-z0-9._:-]{1,255}$/.test(text);
}

/** Epoch milliseconds, RFC 3339, or the `next` of the page before. */
function positionOf(since: unknown): Position | undefined {
  if (typeof since !== 'string') return undefined;
  const [, changedAt, index = '0'] = /^(\d{1,15})(?:\.(\d{1,9}))?$/.exec(since) ?? [];
  if (changedAt !== undefined) return { changedAt: Number(changedAt), index: Number(index) };
  const isMoment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/i.test(since);
  const moment = isMoment ? Date.parse(since) : Number.NaN;
  return Number.isNaN(moment) ? undefined : { changedAt: moment, index: 0 };
}

function fieldOf(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined;
}
