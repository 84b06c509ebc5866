import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { SandboxFault } from '../sandbox/fault-rule.js';
import type { Answer } from '../sandbox/misbehave.js';
import { formOf } from './forms.js';
import type { DeliveredNotice } from './ledger.js';
import { type SandboxDeps, struckRoute } from './struck-route.js';

/** The account that is served. */
export interface TwilioSandboxOptions {
  readonly accountSid: string;
  readonly authToken: string;
}

interface Message {
  readonly sid: string;
  readonly to: string;
  readonly from: string;
  readonly body: string;
  readonly date_created: string;
  status: string;
  error_code: number | null;
}

const callbackTimeoutMs = 5_000;
const pageSizeMax = 1_000;

/**
 * `Messages.json` of Twilio, with signed status callbacks. Faults of the effect: `decline` with a
 * code of Twilio at once, `pending` with `becomes: declined` later, `webhook-...` of its callbacks.
 */
export function twilioRoutes(
  app: FastifyInstance,
  deps: SandboxDeps,
  options: TwilioSandboxOptions,
): { settled(): Promise<unknown> } {
  const { ledger } = deps;
  const { accountSid } = options;
  const path = `/2010-04-01/Accounts/${accountSid}/Messages.json`;
  const messages: Message[] = ledger.entries.flatMap(keptMessage).reverse();
  const callbacks = createCallbacks(deps, options);

  app.post(
    path,
    struckRoute(deps, twilioError, toOf, async (request, fault) => {
      if (!isOurs(request, options)) return refusal(20_003, 401);
      const form = formOf(request.body);
      if (fault?.fault === 'decline') return refusal(Number(fault.declineCode ?? 21_211));
      const message = messageOf(form);
      messages.unshift(message);
      const callback = form.get('StatusCallback');
      await ledger.deliver({
        ...{ channel: 'sms', id: message.sid, to: message.to, text: message.body },
        deliveryId: (callback && new URL(callback).searchParams.get('delivery')) || '',
      });
      if (callback !== null) callbacks.follow(message, callback, fault);
      return { status: 201, body: shown(message) };
    }),
  );

  app.get(
    path,
    struckRoute(deps, twilioError, toOf, async (request) => {
      if (!isOurs(request, options)) return refusal(20_003, 401);
      const query = new URLSearchParams(request.url.split('?')[1]);
      const size = Math.min(Number(query.get('PageSize') ?? 50), pageSizeMax);
      const page = Number(query.get('Page') ?? 0);
      const to = query.get('To');
      const all = messages.filter((message) => to === null || message.to === to);
      const data = all.slice(page * size, (page + 1) * size);
      query.set('Page', `${page + 1}`);
      const next = all.length > (page + 1) * size ? `${path}?${query.toString()}` : null;
      const body = { messages: data.map(shown), next_page_uri: next, page, page_size: size };
      return { status: 200, body };
    }),
  );
  return callbacks;
}

function createCallbacks({ closing, onLog }: SandboxDeps, options: TwilioSandboxOptions) {
  const underWay = new Set<Promise<void>>();

  async function tell({ sid, to, from, status, error_code }: Message, url: string): Promise<void> {
    const fields = {
      ...{ AccountSid: options.accountSid, From: from },
      ...(error_code !== null && { ErrorCode: `${error_code}` }),
      ...{ MessageSid: sid, MessageStatus: status, To: to },
    };
    const sorted = Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1));
    const signature = createHmac('sha1', options.authToken)
      .update(url + sorted.flat().join(''))
      .digest('base64');
    const sent = fetch(url, {
      method: 'POST',
      headers: { 'x-twilio-signature': signature },
      body: new URLSearchParams(fields),
      signal: AbortSignal.any([closing, AbortSignal.timeout(callbackTimeoutMs)]),
    });
    // Twilio does not try again, either.
    const isTaken = await sent.then(({ ok }) => ok).catch(() => false);
    if (!isTaken) onLog({ level: 'error', message: 'a callback was lost' });
  }

  async function tellAll(message: Message, url: string, fault?: SandboxFault): Promise<void> {
    const fails = fault?.fault === 'pending' && fault.becomes === 'declined';
    const isLate = fault?.fault === 'webhook-late' || fault?.fault === 'pending';
    if (isLate) await delay(fault.delayMs ?? 1_000, undefined, { signal: closing }).catch(() => {});
    message.status = 'sent';
    if (fault?.fault !== 'webhook-missing') await tell(message, url);
    message.status = fails ? 'undelivered' : 'delivered';
    message.error_code = fails ? Number(fault.declineCode ?? 30_003) : null;
    if (fault?.fault === 'webhook-missing') return;
    await tell(message, url);
    if (fault?.fault === 'webhook-duplicate') await tell(message, url);
  }

  return {
    follow(message: Message, url: string, fault: SandboxFault | undefined): void {
      const work = tellAll(message, url, fault).finally(() => underWay.delete(work));
      underWay.add(work);
    },
    settled: () => Promise.allSettled(underWay),
  };
}

function messageOf(form: URLSearchParams): Message {
  return {
    sid: `SM${randomBytes(16).toString('hex')}`,
    to: form.get('To') ?? '',
    from: form.get('From') ?? form.get('MessagingServiceSid') ?? '',
    body: form.get('Body') ?? '',
    ...{ date_created: dated(Date.now()), status: 'queued', error_code: null },
  };
}

/** What was sent before a restart can still be listed. */
function keptMessage({ channel, id: sid, to, text: body, at }: DeliveredNotice): Message[] {
  if (channel !== 'sms') return [];
  const sent = { from: '', date_created: dated(at), status: 'delivered', error_code: null };
  return [{ sid, to, body, ...sent }];
}

/** RFC 2822, whole seconds. */
function dated(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000');
}

function shown(message: Message): unknown {
  return { ...message, account_sid: undefined, direction: 'outbound-api', date_sent: null };
}

function toOf({ body, url }: FastifyRequest): string | undefined {
  return formOf(body).get('To') ?? new URLSearchParams(url.split('?')[1]).get('To') ?? undefined;
}

function isOurs({ headers }: FastifyRequest, { accountSid, authToken }: TwilioSandboxOptions) {
  const wanted = Buffer.from(`${accountSid}:${authToken}`).toString('base64');
  return headers.authorization === `Basic ${wanted}`;
}

function refusal(code: number, status = 400): Answer {
  return { status, body: twilioError(status, `${code}`) };
}

function twilioError(status: number, given: string): unknown {
  const code = Number(given) || (status === 429 ? 20_429 : 20_500);
  const more_info = `https://www.twilio.com/docs/errors/${code}`;
  return { code, message: 'The request was refused.', more_info, status };
}
