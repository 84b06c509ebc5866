import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { FaultName, SandboxFault } from './fault-rule.js';
import { sendProblem } from './problems.js';

/** What an honest provider would answer. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const waitMsMax = 10 * 60_000;
const hugeBytes = 3 * 1024 * 1024;

/** How this provider words a refusal. */
type Refuse = (
  reply: FastifyReply,
  status: number,
  code: 'provider-error' | 'rate-limited' | 'provider-down',
) => FastifyReply;

interface Struck {
  readonly refuse: Refuse;
  readonly fault: SandboxFault;
  readonly reply: FastifyReply;
  readonly closing: AbortSignal;
}

/** What is answered instead of acting. */
const before: Partial<Record<FaultName, (struck: Struck) => FastifyReply>> = {
  'timeout-before': hang,
  'reset-before': reset,
  'error-before': error,
  'rate-limit': ({ fault, reply, refuse }) =>
    refuse(reply.headers(retryAfter(fault)), 429, 'rate-limited'),
  down: ({ fault, reply, refuse }) =>
    refuse(reply.headers(retryAfter(fault)), 503, 'provider-down'),
};

/** What is answered after acting, instead of the truth. */
const after: Partial<Record<FaultName, (struck: Struck, truth: Answer) => FastifyReply>> = {
  'timeout-after': hang,
  'reset-after': reset,
  'error-after': error,
  html: ({ reply }) => reply.code(200).type('text/html').send('<!doctype html><h1>It works!</h1>'),
  huge: ({ reply }, { status, body }) =>
    reply.code(status).send({ padding: 'x'.repeat(hugeBytes), answer: body }),
};

/**
 * Acts and answers, as the fault has it: not at all, late, or acting without telling. `act`
 * answers a problem by itself and gives undefined then. Waits end when `closing` fires.
 */
export async function answerUnder(
  fault: SandboxFault | undefined,
  reply: FastifyReply,
  closing: AbortSignal,
  act: () => Promise<Answer | undefined>,
  refuse: Refuse = sendProblem,
): Promise<FastifyReply> {
  const struck = fault && { fault, reply, closing, refuse };
  const instead = struck && before[struck.fault.fault];
  if (instead) return instead(struck);

  if (fault?.fault === 'slow') await wait(fault.delayMs ?? 1_000, closing);
  const truth = await act();
  if (truth === undefined) return reply;
  const bent = struck && after[struck.fault.fault];
  if (bent) return bent(struck, truth);
  return reply
    .code(truth.status)
    .headers(truth.headers ?? {})
    .send(truth.body);
}

async function wait(ms: number, closing: AbortSignal): Promise<void> {
  // The sandbox is closing: what waits is answered now.
  const soon = () => undefined;
  await delay(Math.min(ms, waitMsMax), undefined, { signal: closing }).catch(soon);
}

/** Never answers: the caller, the end of the sandbox or 10 minutes cut the line. */
function hang({ reply, closing }: Struck): FastifyReply {
  const response = reply.hijack().raw;
  const cut = () => response.destroy();
  const timer = setTimeout(cut, waitMsMax);
  closing.addEventListener('abort', cut, { once: true });
  response.once('close', () => {
    clearTimeout(timer);
    closing.removeEventListener('abort', cut);
  });
  return reply;
}

function reset({ reply }: Struck): FastifyReply {
  reply.hijack().raw.socket?.resetAndDestroy();
  return reply;
}

function error({ fault, reply, refuse }: Struck): FastifyReply {
  return refuse(reply, fault.status ?? 500, 'provider-error');
}

function retryAfter({ retryAfterMs = 1_000 }: SandboxFault): { 'retry-after': number } {
  return { 'retry-after': Math.ceil(retryAfterMs / 1_000) };
}
