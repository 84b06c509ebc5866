import { parseNotification } from '../domain/index.js';
import { isTemplateName, parseTemplateData } from '../notices/index.js';
import type { Acceptance } from './acceptance.js';
import type { App, GatewayDeps } from './app.js';
import { roles } from './auth.js';
import { readBody } from './body.js';
import { idempotencyKeyOf, waitMsOf } from './idempotency.js';
import { notificationBody } from './notice-schemas.js';
import { acceptedAnswers, keyProblems, sendAccepted } from './payments.js';
import { problem } from './problems.js';
import { keyOf } from './recipients.js';
import { answers, bodyProblems, keyHeaders, noQuery } from './schemas.js';

type Deps = Pick<GatewayDeps, 'noticeDesk' | 'noticeLimitPerHour'> & {
  readonly acceptance: Acceptance;
};

/** Notices: one recipient, told once. */
export function notificationRoutes(app: App, deps: Deps): void {
  const { acceptance, noticeDesk, noticeLimitPerHour } = deps;

  app.post(
    '/v1/notifications',
    {
      config: { access: roles },
      schema: {
        summary: 'Tell somebody something',
        description:
          'One delivery, by the first channel that takes it. A customer tells itself alone.',
        tags: ['notifications'],
        headers: keyHeaders,
        querystring: noQuery,
        body: notificationBody,
        response: answers(
          acceptedAnswers,
          ...(['recipient-unknown', 'recipient-limit'] as const),
          ...keyProblems,
          ...bodyProblems,
        ),
      },
    },
    async (request, reply) => {
      const { caller } = request;
      const asked = parseNotice(request.body, idempotencyKeyOf(request.headers));
      const { command, sealed } = readBody(asked);
      const accepted = await acceptance.accept({
        caller,
        command,
        accounts: [],
        // The ledger decides; who asks for more than that hears of it before it is an operation.
        admit: async () => {
          const recipient = await noticeDesk.find(keyOf(caller, sealed.recipient));
          if (recipient === undefined) throw problem('recipient-unknown');
          if (recipient.lately >= noticeLimitPerHour) throw tooMany();
        },
        options: { trace: request.trace.traceId, sealed },
        waitMs: waitMsOf(request.headers),
      });
      return sendAccepted(request, reply, accepted);
    },
  );
}

/** A notice with what its template needs and no more, or every fault of the first that is wrong. */
export function parseNotice(body: unknown, idemKey: string): ReturnType<typeof parseNotification> {
  const parsed = parseNotification(body, idemKey);
  if (!parsed.ok) return parsed;
  const { command, sealed } = parsed.value;
  const { template } = command.payload;
  if (!isTemplateName(template)) {
    return { ok: false, faults: [{ path: 'template', code: 'field-invalid' }] };
  }
  const data = parseTemplateData(template, sealed.data);
  return data.ok ? { ok: true, value: { command, sealed: { ...sealed, data: data.value } } } : data;
}

function tooMany() {
  return problem('recipient-limit', {}, { 'retry-after': `${secondsToWait}` });
}

/** An hour is counted from each of them; ten minutes make room for some, most often. */
const secondsToWait = 600;
