import { z } from 'zod';
import { type Parsed, readObject } from '../domain/index.js';
import type { App, GatewayDeps } from './app.js';
import { readBody } from './body.js';
import { caseActBody } from './case-schemas.js';
import { parseCaseAct, people } from './cases.js';
import { problem } from './problems.js';
import { answers, bodyProblems, noQuery, pageLimit } from './schemas.js';

type Deps = Pick<GatewayDeps, 'deadLetters' | 'log'>;

/** The sinks of events, what they did not take, and a person's hand on both. */
export function eventRoutes(app: App, deps: Deps): void {
  deadRoute(app, deps);
  redeliverRoute(app, deps);
  sinksRoute(app, deps);
  retireRoute(app, deps);
}

function deadRoute(app: App, { deadLetters }: Deps): void {
  app.get(
    '/v1/events/dead',
    {
      config: { access: people },
      schema: {
        summary: 'Events that a sink is tried with no more, oldest first',
        tags: ['events'],
        querystring: deadQuery,
        response: answers({ 200: ['Some of them', z.object({ data: z.array(deadBody) })] }),
      },
    },
    async ({ caller, query: { sink, limit = limitDefault } }) => ({
      data: [...(await deadLetters.list(caller.tenant, sink, limit))],
    }),
  );
}

function redeliverRoute(app: App, { deadLetters }: Deps): void {
  app.post(
    '/v1/events/redeliver',
    {
      config: { access: people },
      schema: {
        summary: 'Deliver an event again, or all dead ones of a sink',
        description: `Up to 1,000 at once; an event that the sink is still owed is left as it is.`,
        tags: ['events'],
        body: redeliverBody,
        response: answers(
          { 200: ['How many will be delivered again', z.object({ events: z.int() })] },
          ...(['sink-unknown', 'event-unknown', ...bodyProblems] as const),
        ),
      },
    },
    async ({ caller: { tenant, subject }, body }) => {
      const asked = readBody(parseRedelivery(body));
      const answer = await deadLetters.redeliver({ ...asked, tenant, principal: subject });
      if (answer.kind === 'fail') throw problem(answer.code);
      return { events: answer.events };
    },
  );
}

function sinksRoute(app: App, { deadLetters }: Deps): void {
  app.get(
    '/v1/events/sinks',
    {
      config: { access: people },
      schema: {
        summary: 'The sinks of events, and what each is owed',
        description: 'Of all tenants.',
        tags: ['events'],
        querystring: noQuery,
        response: answers({ 200: ['All of them', z.object({ data: z.array(sinkBody) })] }),
      },
    },
    async () => ({ data: [...(await deadLetters.sinks())] }),
  );
}

function retireRoute(app: App, { deadLetters, log }: Deps): void {
  app.post(
    '/v1/events/sinks/:sink/retire',
    {
      config: { access: people },
      schema: {
        summary: 'Forget a sink and what it is owed',
        description:
          'For all tenants, up to 10,000 events at once: while `left` is true, ask again. ' +
          'Take it out of EVENT_SINKS a minute before: while a relay takes from it, ' +
          'that is `invalid-state`.',
        tags: ['events'],
        params: z.object({ sink: z.string().meta({ examples: ['webhook'] }) }),
        querystring: noQuery,
        body: caseActBody('verify'),
        response: answers(
          { 200: ['How many events are owed to it no more', retiredBody] },
          ...(['sink-unknown', 'invalid-state', ...bodyProblems] as const),
        ),
      },
    },
    async ({ caller, params, body }) => {
      const { reason } = readBody(parseCaseAct(body, 'verify'));
      // Of all tenants: the audit says whose person it was.
      const principal = `${caller.tenant}/${caller.subject}`;
      const answer = await deadLetters.retire({ sink: params.sink, principal, reason });
      if (answer.kind === 'fail') throw problem(answer.code, { detail: answer.message });
      const { events, left } = answer;
      log.warn(
        { module: 'gateway', sink: params.sink, by: principal, events, left },
        'sink retired',
      );
      return { events, left };
    },
  );
}

const lengthsMax = { sink: 32, eventId: 255, reason: 500 } as const;

function parseRedelivery(
  body: unknown,
): Parsed<{ readonly sink: string; readonly reason: string; readonly eventId?: string }> {
  return readObject(body, ['sink', 'eventId', 'reason'], (read) => {
    const sink = read.label('sink', lengthsMax.sink);
    const reason = read.words('reason', lengthsMax.reason);
    const eventId = read.optional('eventId', (path) => read.label(path, lengthsMax.eventId));
    return { sink, reason, ...(eventId !== undefined && { eventId }) };
  });
}

const limitDefault = 50;
const sink = z
  .string()
  .regex(/^[\x21-\x7e]{1,32}$/)
  .meta({ examples: ['webhook'] });
const eventId = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/)
  .meta({ description: 'As the event itself says', examples: ['op_3k2.2'] });

const deadQuery = z.strictObject({
  sink: sink.optional(),
  limit: pageLimit.meta({ description: '1 to 100; 50 when not given' }),
});

const redeliverBody = caseActBody('verify').extend({
  sink,
  eventId: eventId.optional().meta({ description: 'All dead ones when left out' }),
});

const deadBody = z
  .object({
    eventId,
    sink,
    type: z.string(),
    opId: z.string(),
    attempts: z.int(),
    reason: z.string().meta({ description: 'Why it was not taken the last time' }),
    deadAt: z.iso.datetime({ offset: true }),
  })
  .meta({ id: 'DeadEvent' });

const sinkBody = z
  .object({
    sink,
    waiting: z.int().meta({ description: 'How many events it is owed; counted to 100,000' }),
    oldestSeconds: z.number().meta({ description: 'How old the oldest of them is' }),
    dead: z.int().meta({ description: 'How many it is tried with no more' }),
  })
  .meta({ id: 'Sink' });

const retiredBody = z
  .object({
    events: z.int(),
    left: z.boolean().meta({ description: 'It is owed more, and there still' }),
  })
  .meta({ id: 'RetiredSink' });
