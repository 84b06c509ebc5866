import type { FastifyReply } from 'fastify';
import type { Fault } from '../../domain/index.js';

/** Why the sandbox refuses a request. Stable: part of its protocol. */
export const problemTitles = {
  'body-invalid': 'The body is not what this route takes',
  'capture-not-supported': 'Only charges that capture at once are supported',
  'idempotency-key-invalid': 'The Idempotency-Key is not 8-255 of A-Z a-z 0-9 . _ : -',
  'idempotency-key-required': 'A write needs an Idempotency-Key',
  'idempotency-key-reused': 'This Idempotency-Key came with another body before',
  'internal-error': 'The sandbox could not do it',
  'not-found': 'There is no such thing here',
  'provider-down': 'The provider is down',
  'provider-error': 'The provider had an error',
  'query-invalid': 'Ask with either reference or since',
  'rate-limited': 'Too many requests',
  'request-invalid': 'The request cannot be read',
  'too-many-faults': 'There are 100 faults already: clear them first',
} as const;

export type ProblemCode = keyof typeof problemTitles;

/** Answers with a problem document (RFC 9457). */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  code: ProblemCode,
  errors?: readonly Fault[],
): FastifyReply {
  return reply
    .code(status)
    .type('application/problem+json')
    .send({
      type: `urn:holdfast:sandbox:${code}`,
      title: problemTitles[code],
      status,
      code,
      ...(errors && { errors }),
    });
}
