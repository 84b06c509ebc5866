import type { FastifyReply } from 'fastify';
import type { Fault } from '../../domain/index.js';

/** Why the sandbox refuses a request. Stable: part of its protocol. */
export const problemTitles = {
  'amount-too-large': 'This is more than is left of the charge',
  'body-invalid': 'The body is not what this route takes',
  'charge-captured': 'The charge is captured in full',
  'charge-closed': 'The charge had its final capture',
  'charge-declined': 'The charge was declined',
  'charge-expired': 'The authorisation has expired',
  'charge-not-captured': 'Nothing of the charge was captured',
  'charge-pending': 'The charge is not decided yet: try again',
  'charge-voided': 'The charge was voided',
  'idempotency-key-invalid': 'The Idempotency-Key is not 8-255 of A-Z a-z 0-9 . _ : -',
  'idempotency-key-required': 'A write needs an Idempotency-Key',
  'idempotency-key-reused': 'This Idempotency-Key came with another body before',
  'internal-error': 'The sandbox could not do it',
  'not-found': 'There is no such thing here',
  'provider-down': 'The provider is down',
  'provider-error': 'The provider had an error',
  'query-invalid': 'Ask with either reference or since',
  'rate-limited': 'Too many requests',
  'reference-fenced': 'This reference was closed: nothing can be done under it',
  'refund-window-over': 'The capture is too long ago to be refunded',
  'request-invalid': 'The request cannot be read',
  'too-many-faults': 'There are 100 faults already: clear them first',
} as const;

export type ProblemCode = keyof typeof problemTitles;

/** Answers with a problem document (RFC 9457); a fault may decline with a code of its own. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  code: ProblemCode | (string & {}),
  errors?: readonly Fault[],
): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send({
      type: `urn:holdfast:sandbox:${code}`,
      title: Object.hasOwn(problemTitles, code) ? problemTitles[code as ProblemCode] : 'Declined',
      status,
      code,
      ...(errors && { errors }),
    });
}
