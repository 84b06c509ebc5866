import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isIdemKey, type Parsed } from '../../domain/index.js';
import { type Bend, bendOf } from './bend.js';
import { collections } from './book.js';
import type { SandboxFault } from './fault-rule.js';
import type { Faults } from './faults.js';
import { type Answer, answerUnder } from './misbehave.js';
import { parseCharge, parseFence, parseMove, parsePayout } from './orders.js';
import { isReference, positionOf } from './queries.js';
import { sendProblem } from './problems.js';
import type { Shown, Till } from './till.js';
import type { Refused } from './writes.js';

/** `undefined` after a problem was sent. */
type Act = (
  request: FastifyRequest,
  reply: FastifyReply,
  bend: Bend,
) => Promise<Answer | undefined> | Answer | undefined;

export interface Misbehaving {
  readonly faults: Faults;
  readonly closing: AbortSignal;
  readonly onFault: (request: FastifyRequest, fault: SandboxFault) => void;
}

/** A route that a fault may strike. */
export function underFaults(act: Act, { faults, closing, onFault }: Misbehaving): Handler {
  return (request, reply) => {
    const fault = faults.strike(callOf(request));
    if (fault !== undefined) onFault(request, fault);
    return answerUnder(fault, reply, closing, async () => act(request, reply, bendOf(fault)));
  };
}

/** The routes that move or show money. */
export function moneyRoutes(
  app: FastifyInstance,
  { till, ...misbehaving }: { readonly till: Till } & Misbehaving,
): void {
  const route = (act: Act) => underFaults(act, misbehaving);
  writeRoutes(app, till, route);

  app.post(
    '/fences',
    route(async ({ body }, reply) => {
      const order = parseFence(body);
      if (!order.ok) return refuse(reply, 400, 'body-invalid', order.faults);
      const { reference } = order.value;
      const data = await till.fence(reference);
      return { status: 201, body: { reference, fenced: true, data } };
    }),
  );

  for (const collection of collections) {
    app.get(
      `/${collection}`,
      route((request, reply) => {
        const { reference, since } = request.query as Record<string, unknown>;
        if (since === undefined && isReference(reference)) {
          return { status: 200, body: { data: till.byReference(collection, reference) } };
        }
        const pages = collection === 'charges' && reference === undefined;
        const position = pages ? positionOf(since) : undefined;
        if (position === undefined) return refuse(reply, 400, 'query-invalid');
        const { data, next } = till.since(position);
        return { status: 200, body: { data, next: next && `${next.changedAt}.${next.index}` } };
      }),
    );
  }

  app.get(
    '/charges/:id',
    route((request, reply) => {
      const charge = till.byId(idIn(request));
      return charge ? { status: 200, body: charge } : refuse(reply, 404, 'not-found');
    }),
  );
}

function writeRoutes(app: FastifyInstance, till: Till, route: (act: Act) => Handler): void {
  const at = (charge: { readonly id: string }) => `/charges/${charge.id}`;
  app.post(
    '/charges',
    route((request, reply, bend) =>
      write(request, reply, parseCharge(request.body), 201, at, (order, key) =>
        till.charge(order, key, bend),
      ),
    ),
  );
  app.post(
    '/payouts',
    route((request, reply, bend) =>
      write(request, reply, parsePayout(request.body), 201, undefined, (order, key) =>
        till.payOut(order, key, bend),
      ),
    ),
  );
  for (const [path, kind, status] of [
    ['capture', 'capture', 200],
    ['void', 'void', 200],
    ['refunds', 'refund', 201],
  ] as const) {
    app.post(
      `/charges/:id/${path}`,
      route((request, reply, bend) => {
        const order = parseMove(kind, idIn(request), request.body);
        return write(request, reply, order, status, undefined, (value, key) =>
          till.move(value, key, bend),
        );
      }),
    );
  }
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** A write: its key, its body, its answer or why there is none. */
async function write<Order, View>(
  request: FastifyRequest,
  reply: FastifyReply,
  order: Parsed<Order>,
  status: number,
  at: ((view: View) => string) | undefined,
  act: (order: Order, key: string) => Promise<Shown<View> | Refused>,
): Promise<Answer | undefined> {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return refuse(reply, 400, 'idempotency-key-required');
  if (!isIdemKey(key)) return refuse(reply, 400, 'idempotency-key-invalid');
  if (!order.ok) return refuse(reply, 400, 'body-invalid', order.faults);
  const done = await act(order.value, key);
  if (done.kind === 'refused') {
    return refuse(reply, done.code === 'not-found' ? 404 : 409, done.code);
  }
  return {
    status,
    headers: {
      ...(at && { location: at(done.view) }),
      ...(done.replayed && { 'idempotency-replayed': 'true' }),
    },
    body: done.view,
  };
}

function refuse(
  reply: FastifyReply,
  status: number,
  code: Refused['code'],
  faults?: Parameters<typeof sendProblem>[3],
) {
  sendProblem(reply, status, code, faults);
  return undefined;
}

function idIn(request: FastifyRequest): string {
  return (request.params as { id: string }).id;
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

function fieldOf(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null && Object.hasOwn(object, name)
    ? (object as Record<string, unknown>)[name]
    : undefined;
}
