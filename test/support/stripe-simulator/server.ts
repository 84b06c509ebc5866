import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Answer, errorAnswer } from './answer.js';
import { type Book, createBook, type Effect, type Intent, type Movement } from './book.js';
import { type Form, parseForm, textIn, wholeIn } from './form.js';
import { createIdempotency } from './idempotency.js';
import { cancelIntent, captureIntent, confirmIntent, createIntent, onIntent } from './intents.js';
import { createPayout, createRefund } from './movements.js';

/**
 * `before` acts not at all, `after` acts and does not say so; the 500s are kept under the key.
 * `in-flight` acts once it is released.
 */
export type FaultName =
  | 'timeout-before'
  | 'timeout-after'
  | 'reset-before'
  | 'reset-after'
  | 'error-before'
  | 'error-after'
  | 'rate-limit'
  | 'in-flight';

/** A request as it came. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: FastifyRequest['headers'];
  readonly form: Form;
}

export interface StripeSimulator {
  readonly url: string;
  readonly effects: readonly Effect[];
  readonly requests: readonly Seen[];
  readonly intents: ReadonlyMap<string, Intent>;
  readonly refunds: ReadonlyMap<string, Movement>;
  readonly payouts: ReadonlyMap<string, Movement>;
  /** How many requests had a fault, or wait for theirs to end. */
  struck(): number;
  /** Strikes the next request of this method. */
  misbehave(fault: FaultName, method?: 'GET' | 'POST'): void;
  /** Answers the next request of this method with this, whatever it was, and does not act. */
  answerWith(answer: Answer | { readonly html: string; readonly status: number }): void;
  /** Lets what is in flight act and answer. */
  release(): void;
  /** From now on search shows what there was before; `search()` shows all again. */
  lagSearch(): { search(): void };
  /** The keys of a day ago are forgotten. */
  expireKeys(): void;
  close(): Promise<void>;
}

const apiKey = 'sk_test_simulator';

/** Stripe as far as the adapter needs it, with a memory, over real HTTP on a free port. */
export async function startStripeSimulator(): Promise<StripeSimulator> {
  const book = createBook();
  const keys = createIdempotency();
  const requests: Seen[] = [];
  const faults: { fault: FaultName | Answer; method: string }[] = [];
  let hidden: ReadonlySet<string> | undefined;
  let struck = 0;
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });

  const app = createApp();
  const answered: Answered = (act) => async (request, reply) => {
    const { method, url, headers } = request;
    const form = (request.body ?? parseForm(url.split('?')[1] ?? '')) as Form;
    requests.push({ method, url, headers, form });
    if (headers.authorization !== `Bearer ${apiKey}`) {
      return send(reply, errorAnswer(401, 'invalid_request_error'));
    }
    const at = faults.findIndex((each) => each.method === method);
    const fault = faults.splice(at, at < 0 ? 0 : 1)[0]?.fault;
    if (fault !== undefined) struck += 1;
    if (typeof fault === 'object') return send(reply, fault);
    if (fault === 'timeout-before') return reply.hijack();
    if (fault === 'reset-before') return reset(reply);
    if (fault === 'rate-limit') return send(reply, rateLimited);
    const key = headers['idempotency-key']?.toString();
    const answer = await keys.once(key, `${method} ${url} ${JSON.stringify(form)}`, async () => {
      if (fault === 'error-before') return errorAnswer(500, 'api_error');
      if (fault === 'in-flight') await released;
      const truth = under(key, book, () => act(request, form));
      return fault === 'error-after' ? errorAnswer(500, 'api_error') : truth;
    });
    if (fault === 'timeout-after') return reply.hijack();
    return fault === 'reset-after' ? reset(reply) : send(reply, answer);
  };
  const shown = () => [...book.intents.values()].filter(({ id }) => hidden?.has(id) ?? true);
  intentRoutes(app, book, answered, shown);
  movementRoutes(app, book, answered);

  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url,
    ...book,
    requests,
    struck: () => struck,
    misbehave: (fault, method = 'POST') => void faults.push({ fault, method }),
    answerWith: (answer) => {
      const fault = 'html' in answer ? { status: answer.status, body: answer.html } : answer;
      faults.push({ fault, method: 'POST' }, { fault, method: 'GET' });
    },
    release: () => release(),
    lagSearch() {
      hidden = new Set(book.intents.keys());
      return {
        search: () => {
          hidden = undefined;
        },
      };
    },
    expireKeys: keys.expire,
    async close() {
      release();
      const closed = app.close();
      app.server.closeAllConnections();
      await closed;
    },
  };
}

/** Acts, and writes the key of the request to what comes of it. */
function under(key: string | undefined, { effects }: Book, act: () => Answer): Answer {
  const before = effects.length;
  const answer = act();
  if (key !== undefined) for (const one of effects.slice(before)) one.key = key;
  return answer;
}

type Act = (request: FastifyRequest, form: Form) => Answer;
type Answered = (
  act: Act,
) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

const rateLimited: Answer = {
  ...errorAnswer(429, 'invalid_request_error', 'rate_limit'),
  headers: { 'retry-after': '7' },
};

function intentRoutes(
  app: FastifyInstance,
  book: Book,
  answered: Answered,
  shown: () => readonly Intent[],
): void {
  const intents = '/v1/payment_intents';
  const of = (act: (intent: Intent, form: Form) => Answer) =>
    answered(({ params }, form) =>
      onIntent(book, (params as { id: string }).id, (intent) => act(intent, form)),
    );
  const create = answered((_request, form) => createIntent(book, form));
  const list = answered((_request, form) => page([...book.intents.values()], form));
  const search = answered((_request, form) => {
    // The one kind of query that is asked; case does not count, as at Stripe.
    const asked = /^metadata\["reference"\]:"(.*)"$/.exec(textIn(form, 'query') ?? '')?.[1];
    if (asked === undefined) return errorAnswer(400, 'invalid_request_error');
    const wanted = asked.replace(/\\(.)/g, '$1').toLowerCase();
    const found = shown().filter((each) => each.metadata.reference?.toLowerCase() === wanted);
    return page(found, form, 'search_result');
  });
  const retrieve = of((intent) => ({ status: 200, body: { ...intent } }));
  const confirm = of((intent, form) =>
    confirmIntent(book, intent, textIn(form, 'payment_method') ?? ''),
  );
  const capture = of((intent, form) => captureIntent(book, intent, form));
  const cancel = of((intent) => cancelIntent(book, intent));

  app.post(intents, create);
  app.get(intents, list);
  app.get(`${intents}/search`, search);
  app.get(`${intents}/:id`, retrieve);
  app.post(`${intents}/:id/confirm`, confirm);
  app.post(`${intents}/:id/capture`, capture);
  app.post(`${intents}/:id/cancel`, cancel);
}

function movementRoutes(app: FastifyInstance, book: Book, answered: Answered): void {
  const refund = answered((_request, form) => createRefund(book, form));
  const refunds = answered((_request, form) => {
    const intent = textIn(form, 'payment_intent');
    const given = [...book.refunds.values()].filter((each) => each.payment_intent === intent);
    return page(given, form);
  });
  const payout = answered((_request, form) => createPayout(book, form));
  const payouts = answered((_request, form) => {
    const to = textIn(form, 'destination');
    const sent = [...book.payouts.values()];
    return page(
      sent.filter((each) => to === undefined || each.destination === to),
      form,
    );
  });

  app.post('/v1/refunds', refund);
  app.get('/v1/refunds', refunds);
  app.post('/v1/payouts', payout);
  app.get('/v1/payouts', payouts);
}

/** Newest first. */
function page(all: readonly object[], form: Form, object = 'list'): Answer {
  const limit = wholeIn(form, 'limit') ?? 10;
  const after = textIn(form, 'starting_after');
  const newest = all.toReversed();
  const from = newest.findIndex((one) => 'id' in one && one.id === after) + 1;
  const data = newest.slice(from, from + limit);
  return { status: 200, body: { object, data, has_more: newest.length > from + limit } };
}

function createApp(): FastifyInstance {
  const app = Fastify();
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, parseForm(String(body))),
  );
  return app;
}

function send(reply: FastifyReply, { status, body, headers = {} }: Answer): FastifyReply {
  return reply
    .code(status)
    .headers({ 'request-id': 'req_simulator', ...headers })
    .send(body);
}

function reset(reply: FastifyReply): FastifyReply {
  reply.hijack().raw.socket?.resetAndDestroy();
  return reply;
}
