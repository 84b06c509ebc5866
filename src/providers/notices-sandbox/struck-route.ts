import type { FastifyReply, FastifyRequest } from 'fastify';
import type { SandboxLogLine } from '../sandbox/app.js';
import type { SandboxFault } from '../sandbox/fault-rule.js';
import type { Faults } from '../sandbox/faults.js';
import { type Answer, answerUnder } from '../sandbox/misbehave.js';
import type { NoticesLedger } from './ledger.js';

/** What every part of this sandbox works with. */
export interface SandboxDeps {
  readonly ledger: NoticesLedger;
  readonly faults: Faults;
  readonly closing: AbortSignal;
  readonly onLog: (line: SandboxLogLine) => void;
}

/** How one provider answers when it is not well: its status and its own code. */
export type ErrorBody = (status: number, code: string) => unknown;

/**
 * A route that faults strike: `act` is given the fault for what it does to the effect itself, the
 * wire's faults are dealt with here. A fault's `referencePrefix` is who the notice is for.
 */
export function struckRoute(
  { faults, closing, onLog }: Pick<SandboxDeps, 'faults' | 'closing' | 'onLog'>,
  errorBody: ErrorBody,
  toOf: (request: FastifyRequest) => string | undefined,
  act: (request: FastifyRequest, fault: SandboxFault | undefined) => Promise<Answer>,
) {
  return (request: FastifyRequest, reply: FastifyReply) => {
    const { method } = request;
    const [path = ''] = request.url.split('?');
    const to = toOf(request);
    const fault = faults.strike({ method, path, ...(to !== undefined && { reference: to }) });
    if (fault) onLog({ level: 'info', message: 'misbehaving', method, path, fault: fault.fault });
    const refuse = (refused: FastifyReply, status: number, code: string) =>
      refused.code(status).send(errorBody(status, code));
    return answerUnder(fault, reply, closing, () => act(request, fault), refuse);
  };
}
